// JSON lines: "\n" or "\r\n"; empty lines are passed over; the last line needs no end. A row is the bytes of its line: nothing here looks inside.
#include <fmt/format.h>

#include <algorithm>

#include "format/readers.h"

namespace sluice::format {
namespace {

class JsonlReader final : public RecordReader {
 public:
  explicit JsonlReader(std::string path) : path_(std::move(path)) {}

  core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) override {
    std::size_t start = 0;
    while (true) {
      std::size_t end = bytes.find('\n', std::max(start, scanned_));
      const bool whole = end != bytes.npos || (at_end && start < bytes.size());
      end = std::min(end, bytes.size());
      if (end - start > core::kMaxRowBytes) {
        return core::fail(
            core::ErrorCode::io,
            fmt::format("this line is longer than {} MiB, the most that a row may have",
                        core::kMaxRowBytes >> 20),
            place(path_, line_ + 1));
      }
      if (!whole) break;
      if (!take_line(bytes.substr(start, end - start), take)) return Progress{start, false};
      start = std::min(end + 1, bytes.size());
    }
    scanned_ = bytes.size() - start;
    return Progress{start, true};
  }

  Description description() const override { return {.format = "JSON lines", .columns = {}}; }

 private:
  bool take_line(std::string_view line, const Take& take) {
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == line.npos) return true;
    return take({.text = line, .line = line_});
  }

  const std::string path_;
  std::size_t scanned_ = 0;  // of the bytes that were not used: no line end is in them
  std::uint64_t line_ = 0;
};

}  // namespace

std::unique_ptr<RecordReader> make_jsonl_reader(const FormatOptions&, std::string path) {
  return std::make_unique<JsonlReader>(std::move(path));
}

}  // namespace sluice::format
