// Plain text: a row a line, {"text": …, "line": n}. Lines as those of JSON lines; empty ones are passed over.
#include <fmt/format.h>
#include <simdjson.h>

#include "core/json.h"
#include "format/readers.h"

namespace sluice::format {
namespace {

class LinesReader final : public RecordReader {
 public:
  explicit LinesReader(std::string path)
      : path_(std::move(path)), lines_(make_jsonl_reader({}, path_)) {}

  core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) override {
    core::Status status;
    const auto read = lines_->read(bytes, at_end, [&](const Record& line) {
      if (!simdjson::validate_utf8(line.text)) {
        status =
            core::fail(core::ErrorCode::io,
                       "this line is not UTF-8: if the file is in Windows-1252 or Latin-1, set "
                       "encoding = \"latin1\" in s.read",
                       place(path_, line.line));
        return false;
      }
      json_ = "{\"text\":";
      core::append_json_string(json_, line.text);
      json_ += fmt::format(",\"line\":{}}}", line.line);
      if (json_.size() > core::kMaxRowBytes) {
        status = core::fail(core::ErrorCode::io,
                            fmt::format("as JSON this line is longer than {} MiB, the most that a "
                                        "row may have",
                                        core::kMaxRowBytes >> 20),
                            place(path_, line.line));
        return false;
      }
      return take({.text = json_, .line = line.line});
    });
    if (!status) return std::unexpected(status.error());
    return read;
  }

  Description description() const override {
    return {.format = "text, a row a line", .columns = {"text", "line"}};
  }

 private:
  const std::string path_;
  const std::unique_ptr<RecordReader> lines_;
  std::string json_;
};

}  // namespace

std::unique_ptr<RecordReader> make_lines_reader(const FormatOptions&, std::string path) {
  return std::make_unique<LinesReader>(std::move(path));
}

}  // namespace sluice::format
