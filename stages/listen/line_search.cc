#include "listen/line_search.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "core/json.h"
#include "format/formats.h"

namespace sluice::listen {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

class Finder {
 public:
  explicit Finder(const LineQuery& query)
      : limit_(std::clamp<std::size_t>(query.limit, 1, kMostLines)) {
    for (const char c : query.text) text_ += lower(c);
  }
  bool matches(std::string_view line) const {
    if (text_.empty()) return true;
    const auto found = std::search(line.begin(), line.end(), text_.begin(), text_.end(),
                                   [](char a, char b) { return lower(a) == b; });
    return found != line.end();
  }
  std::size_t limit() const { return limit_; }

 private:
  std::string text_;
  std::size_t limit_;
};

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return fd_ >= 0; }
  std::uint64_t size() const {
    struct stat status{};
    return ::fstat(fd_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }
  // Fewer than wanted where the file has been cut meanwhile; -1 with errno on an error.
  ssize_t read_at(std::uint64_t offset, char* into, std::size_t bytes) const {
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t n = ::pread(fd_, into + done, bytes - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return -1;
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(done);
  }

 private:
  int fd_;
};

bool is_object(simdjson::dom::parser& parser, std::string_view line) {
  simdjson::dom::object object;
  return !core::not_starved(parser.parse(line.data(), line.size())).get(object);
}

// From the end to the front, in pieces; what is before the first line end of a piece waits for the piece before.
core::Result<FoundLines> backwards(const File& file, const std::string& path,
                                   const LineQuery& query) {
  const Finder finder(query);
  FoundLines found;
  simdjson::dom::parser parser;
  std::uint64_t end = std::min(file.size(), query.before.value_or(UINT64_MAX));
  std::string held;                               // from `end` on: the begin of it may be missing
  bool last_is_whole = query.before.has_value();  // `before` is where a line begins
  std::size_t bytes = 0;
  std::string piece;
  while (end > 0 || !held.empty()) {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end));
    piece.resize(want);
    const ssize_t read = file.read_at(end - want, piece.data(), want);
    if (read < 0) return core::fail_errno("cannot read", errno, path);
    if (static_cast<std::size_t>(read) < want) return found;  // it was cut: what is newer is gone
    end -= want;
    found.scanned += want;
    piece += held;
    if (!last_is_whole) {  // a line that is being written, or the file's last line end
      const std::size_t last = piece.rfind('\n');
      if (last == piece.npos) {
        if (end == 0 || found.scanned >= kMostScanned) return found;
        held = std::exchange(piece, {});
        continue;
      }
      piece.resize(last + 1);
      last_is_whole = true;
    }
    std::string_view rest = piece;
    while (!rest.empty()) {
      const std::string_view body = rest.substr(0, rest.size() - (rest.back() == '\n' ? 1 : 0));
      const std::size_t before = body.rfind('\n');
      if (before == body.npos && end > 0) break;
      const std::size_t begin = before == body.npos ? 0 : before + 1;
      const std::string_view line = body.substr(begin);
      rest = rest.substr(0, begin);
      if (line.empty() || !finder.matches(line) || !is_object(parser, line)) continue;
      found.rows.emplace_back(line);
      bytes += line.size();
      if (found.rows.size() == finder.limit() || bytes >= kMostLineBytes) {
        if (end + begin > 0) found.next = end + begin;
        return found;
      }
    }
    if (end == 0) return found;
    held.assign(rest);
    if (found.scanned >= kMostScanned) {
      found.next = end + held.size();
      if (found.next == query.before)
        found.next = end;  // a line that is longer than all: passed over
      found.complete = false;
      return found;
    }
  }
  return found;
}

core::Result<FoundLines> forwards(const File& file, const std::string& path,
                                  const LineQuery& query) {
  if (file.size() > kMostCsv)
    return core::fail(
        core::ErrorCode::usage,
        fmt::format("the output is CSV of {} MiB, and only {} MiB are searched here: look at it "
                    "with another program, or have a sink of JSON lines as well",
                    file.size() >> 20, kMostCsv >> 20));
  const Finder finder(query);
  FoundLines found;
  const auto reader = format::open_records({}, path);
  struct Row {
    std::uint64_t number;
    std::string json;
  };
  std::deque<Row> newest;
  std::uint64_t number = 0;
  const auto take = [&](const format::Record& record) {
    ++number;
    if (query.before && number >= *query.before) return false;
    if (record.reject != nullptr || !finder.matches(record.text)) return true;
    newest.push_back({number, std::string(record.text)});
    if (newest.size() > finder.limit()) newest.pop_front();
    return true;
  };
  std::string held;
  std::string piece;
  for (std::uint64_t at = 0;;) {
    piece.resize(kPiece);
    const ssize_t read = file.read_at(at, piece.data(), kPiece);
    if (read < 0) return core::fail_errno("cannot read", errno, path);
    at += static_cast<std::uint64_t>(read);
    held.append(piece, 0, static_cast<std::size_t>(read));
    const auto progress = reader->read(held, read == 0, take);
    if (!progress) return std::unexpected(progress.error());
    held.erase(0, progress->used);
    if (read == 0 || !progress->more) break;
  }
  found.scanned = file.size();
  for (auto row = newest.rbegin(); row != newest.rend(); ++row)
    found.rows.push_back(std::move(row->json));
  if (!newest.empty() && newest.front().number > 1 && newest.size() == finder.limit())
    found.next = newest.front().number;
  return found;
}

}  // namespace

core::Result<FoundLines> find_lines(const std::string& path, const LineQuery& query) {
  const File file(path);
  if (!file.is_open()) {
    if (errno == ENOENT) return FoundLines();
    return core::fail_errno("cannot open", errno, path);
  }
  const format::Format* const format = format::format_by_ending(path);
  const bool csv = format != nullptr && (format->name == "csv" || format->name == "tsv");
  return csv ? forwards(file, path, query) : backwards(file, path, query);
}

std::string found_json(const FoundLines& found) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.key("rows");
  w.open('[');
  for (const std::string& row : found.rows) w.raw(row);
  w.close(']');
  w.key("next");
  if (found.next) {
    w.value(*found.next);
  } else {
    w.null();
  }
  w.field("complete", found.complete);
  w.field("scanned_bytes", found.scanned);
  w.close('}');
  return out;
}

}  // namespace sluice::listen
