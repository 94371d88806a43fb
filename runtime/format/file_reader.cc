// A file a row: {"path": …, "name": …, "text": …}. One that is too long or not text is a reject, with its
// path and name as the row.
#include <fmt/format.h>
#include <simdjson.h>

#include "core/json.h"
#include "format/file_kind.h"
#include "format/readers.h"

namespace sluice::format {
namespace {

class FileReader final : public RecordReader {
 public:
  explicit FileReader(std::string path) : path_(std::move(path)) {
    core::JsonWriter writer(json_);
    writer.open('{');
    writer.key("path");
    writer.value(path_);
    writer.key("name");
    writer.value(std::string_view(path_).substr(path_.rfind('/') + 1));  // npos + 1 = 0
  }

  core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) override {
    if (done_) return Progress{bytes.size(), true};
    const bool too_long = bytes.size() > core::kMaxRowBytes;
    if (!at_end && !too_long) return Progress{};
    done_ = true;
    if (too_long) return Progress{bytes.size(), reject("too_large", kTooLong, take)};
    if (!simdjson::validate_utf8(bytes) || bytes.contains('\0')) {
      const FileKind* kind = kind_of(bytes);
      const std::string why =
          kind != nullptr && !kind->text
              ? fmt::format("this file looks like {}: {}", kind->title, kind->advice)
              : "this file is not UTF-8: if it is in Windows-1252 or Latin-1, set encoding = "
                "\"latin1\" in s.read";
      return Progress{bytes.size(), reject("not_text", why, take)};
    }
    const std::size_t head = json_.size();
    json_ += ",\"text\":";
    core::append_json_string(json_, bytes);
    json_ += '}';
    if (json_.size() > core::kMaxRowBytes) {
      json_.resize(head);
      return Progress{bytes.size(), reject("too_large", kTooLong, take)};
    }
    return Progress{bytes.size(), take({.text = json_, .line = 1})};
  }

  Description description() const override {
    return {.format = "a file a row", .columns = {"path", "name", "text"}};
  }

 private:
  static constexpr std::string_view kTooLong =
      "this file is longer than 16 MiB, the most that a row may have (as JSON): cut it into parts";
  static_assert(core::kMaxRowBytes == 16 << 20);

  bool reject(std::string reason, std::string_view why, const Take& take) {
    json_ += '}';
    const core::Reject made{core::Stage::read, std::move(reason), std::string(why), {}};
    return take({.text = json_, .line = 1, .reject = &made});
  }

  const std::string path_;
  std::string json_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<RecordReader> make_file_reader(const FormatOptions&, std::string path) {
  return std::make_unique<FileReader>(std::move(path));
}

}  // namespace sluice::format
