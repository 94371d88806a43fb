#include "deliver/record.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "core/json.h"
#include "storage/atomic_file.h"

namespace sluice::deliver {
namespace {

constexpr std::string_view kName = "delivered.json";
constexpr std::uint64_t kVersion = 1;

std::optional<core::Hash128> hash_of(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  core::Hash128 hash;
  for (auto [part, at] : {std::pair(&hash.high, 0u), std::pair(&hash.low, 16u)}) {
    const std::string_view digits = hex.substr(at, 16);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), *part, 16);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  }
  return hash;
}

std::optional<Entry> entry_of(const simdjson::dom::element& value) {
  std::string_view to, digest, form, tag;
  Entry entry;
  if (value["to"].get(to) || value["bytes"].get(entry.stand.bytes) || value["digest"].get(digest) ||
      value["form"].get(form) || value["tag"].get(tag) || value["rows"].get(entry.rows))
    return std::nullopt;
  const auto hash = hash_of(digest);
  if (!hash) return std::nullopt;
  entry.stand.digest = *hash;
  entry.to = to;
  entry.form = form;
  entry.tag = tag;
  return entry;
}

}  // namespace

core::Result<Record> Record::load(const std::string& directory) {
  Record record(fmt::format("{}/{}", directory, kName));
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  struct stat info{};
  if (::stat(record.path_.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return record;
    return core::fail_errno("cannot be looked at", errno, record.path_);
  }
  const auto damaged = [&] {
    return core::fail(core::ErrorCode::corrupt,
                      "is not what this version of sluice wrote: put it back, or move it away, "
                      "and the sinks with it: they are written again",
                      record.path_);
  };
  std::uint64_t version = 0;
  simdjson::dom::array sinks;
  if (parser.load(record.path_).get(document) || document["version"].get(version) ||
      version != kVersion || document["sinks"].get(sinks))
    return damaged();
  for (const simdjson::dom::element sink : sinks) {
    auto entry = entry_of(sink);
    if (!entry) return damaged();
    record.entries_.push_back(std::move(*entry));
  }
  simdjson::dom::array uploads;
  if (document["uploads"].get(uploads)) return record;  // written by an earlier version
  for (const simdjson::dom::element upload : uploads) {
    std::string_view path, id;
    if (upload["path"].get(path) || upload["id"].get(id)) return damaged();
    record.uploads_.push_back({std::string(path), std::string(id)});
  }
  return record;
}

const Entry* Record::find(const std::string& to) const {
  const auto found = std::ranges::find(entries_, to, &Entry::to);
  return found == entries_.end() ? nullptr : &*found;
}

core::Status Record::put(Entry entry) {
  const auto found = std::ranges::find(entries_, entry.to, &Entry::to);
  if (found == entries_.end()) {
    entries_.push_back(std::move(entry));
  } else {
    *found = std::move(entry);
  }
  return save();
}

core::Status Record::begin_upload(Upload upload) {
  uploads_.push_back(std::move(upload));
  return save();
}

void Record::forget_uploads(const std::string& path) {
  std::erase_if(uploads_, [&](const Upload& upload) { return upload.path == path; });
}

core::Status Record::save() const {
  std::string text;
  core::JsonWriter w(text);
  w.open('{');
  w.field("version", kVersion);
  w.key("sinks");
  w.open('[');
  for (const Entry& entry : entries_) {
    w.open('{');
    w.field("to", entry.to);
    w.field("bytes", entry.stand.bytes);
    w.field("digest", entry.stand.digest.hex());
    w.field("form", entry.form);
    w.field("tag", entry.tag);
    w.field("rows", entry.rows);
    w.close('}');
  }
  w.close(']');
  if (!uploads_.empty()) {
    w.key("uploads");
    w.open('[');
    for (const Upload& upload : uploads_) {
      w.open('{');
      w.field("path", upload.path);
      w.field("id", upload.id);
      w.close('}');
    }
    w.close(']');
  }
  w.close('}');
  auto file = storage::AtomicFile::create(path_);
  if (!file) return std::unexpected(file.error());
  if (auto written = (*file)->write(text += '\n'); !written) return written;
  return (*file)->finish();
}

}  // namespace sluice::deliver
