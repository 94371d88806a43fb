#include "source/text_source.h"

#include <algorithm>

#include "format/formats.h"
#include "place/places.h"
#include "storage/input_file.h"

namespace sluice::source {
namespace {

// The first read is small, so that it is soon known what a record takes.
constexpr std::size_t kFirstReadBytes = 16 * 1024;
constexpr std::size_t kReadBytes = 256 * 1024;

class TextSource final : public format::RecordSource {
 public:
  TextSource(const format::FormatOptions& format, const std::string& path,
             std::shared_ptr<place::Places> places)
      : records_(format::open_records(format, path)), places_(std::move(places)) {}
  core::Status open(const std::string& path, std::span<const storage::FileId> written) {
    auto file = places_ ? places_->open(path, consumed_)
                        : storage::InputFile::open(path, consumed_, written);
    if (!file) return std::unexpected(file.error());
    file_ = std::move(*file);
    return {};
  }

  core::Result<State> read(const Take& take) override {
    // Not cleared ahead of being overwritten; the string may offer more room than was asked for.
    core::Result<storage::InputFile::Read> got;
    const std::size_t have = buffer_.size();
    const std::size_t wanted = records_read_ == 0 ? kFirstReadBytes : kReadBytes;
    buffer_.resize_and_overwrite(have + wanted, [&](char* bytes, std::size_t) {
      got = file_->read({bytes + have, wanted});
      return have + (got && got->state == storage::InputFile::State::bytes ? got->count : 0);
    });
    if (!got) return std::unexpected(got.error());
    if (got->state == storage::InputFile::State::waiting) return State::waiting;
    text_bytes_ += buffer_.size() - have;
    const bool at_end = got->state == storage::InputFile::State::end;
    const auto read = records_->read(buffer_, at_end, [&](const format::Record& record) {
      count();
      return take(record);
    });
    if (!read) return std::unexpected(read.error());
    pass(at_end ? 0 : buffer_.size() - std::min(read->used, buffer_.size()));
    if (!read->more) return State::stopped;
    if (at_end) return State::end;
    buffer_.erase(0, read->used);
    return State::more;
  }

  format::RecordReader::Description description() const override { return records_->description(); }

 private:
  // What is not cut yet is inflated; `consumed_` is not.
  void pass(std::size_t left) {
    const auto consumed = static_cast<double>(consumed_.load(std::memory_order_relaxed));
    const double cut =
        text_bytes_ == 0 ? 1 : 1 - static_cast<double>(left) / static_cast<double>(text_bytes_);
    exact_ = consumed * cut;
    exact_records_ = records_read_;
    passed_.store(exact_, std::memory_order_relaxed);
  }
  // Between two reads, while rows wait for credits: by what the records so far have taken.
  void count() {
    ++records_read_;
    if (exact_records_ == 0) return;
    const double each = exact_ / static_cast<double>(exact_records_);
    const double guess = exact_ + each * static_cast<double>(records_read_ - exact_records_);
    const auto most = static_cast<double>(consumed_.load(std::memory_order_relaxed));
    passed_.store(std::min(guess, most), std::memory_order_relaxed);
  }

  const std::unique_ptr<format::RecordReader> records_;
  const std::shared_ptr<place::Places> places_;
  std::atomic<std::uint64_t> consumed_ = 0;
  std::unique_ptr<storage::InputFile> file_;
  std::string buffer_;  // bytes not yet cut into records
  std::uint64_t text_bytes_ = 0;
  std::uint64_t records_read_ = 0;
  double exact_ = 0;  // passed(), and the records by then, when the last read was over
  std::uint64_t exact_records_ = 0;
};

}  // namespace

core::Result<std::unique_ptr<format::RecordSource>> open_text(
    const std::string& path, const format::FormatOptions& format,
    std::shared_ptr<place::Places> places, std::span<const storage::FileId> written) {
  auto source = std::make_unique<TextSource>(format, path, std::move(places));
  if (auto opened = source->open(path, written); !opened) return std::unexpected(opened.error());
  return source;
}

}  // namespace sluice::source
