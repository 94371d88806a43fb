// What all formats have in common at the start of a file: its byte order mark, its encoding, and
// whether its first bytes contradict what it is read as.
#include <fmt/format.h>

#include <optional>

#include "format/decoder.h"
#include "format/file_kind.h"
#include "format/formats.h"

namespace sluice::format {
namespace {

// As many as tell a mark; and what a file is, where that is asked.
constexpr std::size_t kMarkBytes = 4;
constexpr std::size_t kStartBytes = 512;

class OpenedReader final : public RecordReader {
 public:
  OpenedReader(const Format& format, const FormatOptions& options, const std::string& path)
      : format_(format),
        by_name_(options.name.empty()),
        encoding_(options.encoding.empty() ? std::nullopt
                                           : std::optional(encoding_named(options.encoding))),
        path_(path),
        reader_(format.make(options, path)) {}

  core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) override {
    std::size_t used = 0;
    if (!begun_) {
      const std::size_t wanted = format_.refuses == nullptr ? kMarkBytes : kStartBytes;
      if (bytes.size() < wanted && !at_end) return Progress{};
      auto skipped = begin(bytes);
      if (!skipped) return std::unexpected(skipped.error());
      used = *skipped;
      bytes.remove_prefix(used);
    }
    if (*encoding_ == Encoding::utf8) {
      auto read = reader_->read(bytes, at_end, take);
      if (read) read->used += used;
      return read;
    }
    used += decode(*encoding_, bytes, at_end, text_);
    const auto read = reader_->read(text_, at_end, take);
    if (!read) return read;
    text_.erase(0, read->used);
    return Progress{used, read->more};
  }

  Description description() const override { return reader_->description(); }

 private:
  // How many bytes are a mark.
  core::Result<std::size_t> begin(std::string_view bytes) {
    begun_ = true;
    const auto mark = byte_order_mark(bytes);
    const bool wide = encoding_ == Encoding::utf16le || encoding_ == Encoding::utf16be;
    const bool marked = mark && (!encoding_ || mark->encoding == encoding_ ||
                                 (wide && mark->encoding != Encoding::utf8));
    if (marked) encoding_ = mark->encoding;
    if (!encoding_) encoding_ = Encoding::utf8;
    const std::size_t skipped = marked ? mark->bytes : 0;
    std::string start;
    decode(*encoding_, bytes.substr(0, kStartBytes).substr(skipped), false, start);
    if (auto fits = contradiction(start); !fits) return std::unexpected(fits.error());
    return skipped;
  }

  core::Status contradiction(std::string_view start) const {
    if (format_.refuses == nullptr) return {};
    const FileKind* kind = kind_of(start);
    if (!format_.refuses(start, kind)) return {};
    const std::string advice =
        kind == nullptr ? std::string(format_.expected)
        : !kind->format.empty()
            ? fmt::format("set format = \"{0}\" in s.read, or name it .{0}", kind->format)
            : std::string(kind->advice);
    return core::fail(
        core::ErrorCode::pipeline,
        fmt::format("is read as {}{}, but {}{}: {}", format_.title,
                    by_name_ ? " by its ending" : "", kind != nullptr ? "looks like " : "is not",
                    kind != nullptr ? kind->title : "", advice),
        path_ == "-" ? "standard input" : path_);
  }

  const Format& format_;
  const bool by_name_;
  std::optional<Encoding> encoding_;  // known once begun_
  const std::string path_;
  const std::unique_ptr<RecordReader> reader_;
  bool begun_ = false;
  std::string text_;  // decoded, not used
};

}  // namespace

std::unique_ptr<RecordReader> open_records(const FormatOptions& options, const std::string& path) {
  return std::make_unique<OpenedReader>(format_of(options, path), options, path);
}

}  // namespace sluice::format
