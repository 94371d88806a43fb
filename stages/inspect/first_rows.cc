#include "inspect/first_rows.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>

#include "core/printable.h"
#include "format/formats.h"
#include "storage/input_file.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr auto kMostWildcards = 2;  // in a file's name; in a folder's none

}  // namespace

// A pattern of this kind reads one folder.
bool quick_to_expand(std::string_view pattern) {
  const std::size_t slash = pattern.rfind('/');
  const std::string_view folder = slash == pattern.npos ? "" : pattern.substr(0, slash);
  const std::string_view name = pattern.substr(slash + 1);  // npos + 1 = 0
  const auto wild = [](char c) { return c == '*' || c == '?' || c == '['; };
  return !std::ranges::any_of(folder, wild) && std::ranges::count_if(name, wild) <= kMostWildcards;
}

namespace {

bool is_plain_file(const std::string& path) {
  struct stat status{};
  // Files of /proc have no size: to read one may take for ever.
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}
bool is_empty_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 &&
         !path.starts_with("/proc/") && !path.starts_with("/sys/");
}

struct Start {
  std::string bytes;
  bool whole = false;  // that is all of the file
};
// The start of the file, inflated.
Start start_of(const std::string& path) {
  Start start;
  std::string& bytes = start.bytes;
  std::atomic<std::uint64_t> consumed = 0;
  const auto file = storage::InputFile::open(path, consumed);
  while (file && bytes.size() < kMostBytes) {
    constexpr std::size_t kChunk = 64 * 1024;
    const std::size_t have = bytes.size();
    bytes.resize(have + kChunk);
    const auto got = (*file)->read({bytes.data() + have, kChunk});
    const bool more = got && got->state == storage::InputFile::State::bytes;
    bytes.resize(have + (more ? got->count : 0));
    if (!more) {
      start.whole = got.has_value();
      break;
    }
  }
  return start;
}

}  // namespace

FirstRows first_rows(const stages::ReadSpec& read, std::size_t count, std::size_t which) {
  FirstRows first;
  const std::string& pattern = read.paths[which];
  if (pattern == "-" || !quick_to_expand(pattern)) {
    first.why_none = fmt::format("'{}' cannot be looked at beforehand", core::printable(pattern));
    return first;
  }
  const auto paths = storage::expand_paths({pattern});
  if (!paths || !is_plain_file(paths->front())) {
    first.why_none =
        paths ? fmt::format("'{}' is not a plain file, or empty", core::printable(paths->front()))
              : fmt::format("'{}' is not there", core::printable(pattern));
    first.empty = paths && is_empty_file(paths->front());
    if (first.empty) first.path = paths->front();
    return first;
  }
  const Start start = start_of(paths->front());
  const auto records = format::open_records(read.format, paths->front());
  const auto done = records->read(start.bytes, start.whole, [&](const format::Record& record) {
    core::Row row;
    row.raw = record.text;
    row.line = record.line;
    if (record.reject != nullptr) row.reject = std::make_shared<const core::Reject>(*record.reject);
    first.rows.push_back(std::move(row));
    return first.rows.size() < count;
  });
  first.description = records->description();
  if (!done) first.error = done.error();
  if (first.rows.empty()) {
    first.why_none = fmt::format("'{}' has no rows", core::printable(paths->front()));
    first.empty = start.whole;
  }
  first.path = paths->front();
  return first;
}

}  // namespace sluice::inspect
