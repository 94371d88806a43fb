#include "place/object_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "place/failure_text.h"
#include "provider/url_text.h"

namespace sluice::place {
namespace {

constexpr std::chrono::milliseconds kMostWait{20};
constexpr int kTriesForSize = 2;

// "bytes 0-99/1000"
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};

std::optional<ContentRange> read_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  const char* at = text.data() + kUnit.size();
  const char* const end = text.data() + text.size();
  ContentRange range;
  const auto number = [&](std::uint64_t& value, char behind) {
    const auto [next, error] = std::from_chars(at, end, value);
    at = next;
    if (error != std::errc() || (behind != '\0' && (at == end || *at != behind))) return false;
    if (behind != '\0') ++at;
    return true;
  };
  if (!number(range.first, '-') || !number(range.last, '/') || !number(range.total, '\0'))
    return std::nullopt;
  if (at != end || range.last < range.first || range.last >= range.total) return std::nullopt;
  return range;
}

std::string object_path(const Uri& uri) {
  return uri.scheme == Scheme::web ? uri.key : "/" + provider::path_text(uri.key);
}

// Part of a file, as an answer gives it.
struct Piece {
  std::string bytes;
  std::uint64_t first = 0;
  std::uint64_t total = 0;
  std::string version;  // what the answer says of the file's version
};

std::shared_ptr<Pending> ask_for(const ObjectRead& from, std::uint64_t offset, std::uint64_t count,
                                 int tries = 0, const std::string& version = {}) {
  Call call{.path = object_path(from.uri), .tries = tries};
  call.headers.emplace_back("range", fmt::format("bytes={}-{}", offset, offset + count - 1));
  // A weak tag matches nothing; and a server that sends on to another has the tags of that one.
  if (from.uri.scheme != Scheme::web && version.starts_with('"'))
    call.headers.emplace_back("if-match", version);
  return from.web->start(from.service.server, std::move(call));
}

class ObjectFile final : public storage::InputFile {
 public:
  ObjectFile(ObjectRead from, std::atomic<std::uint64_t>& consumed)
      : from_(std::move(from)), consumed_(consumed), next_(from_.first) {}

  core::Result<Read> read(std::span<char> into) override {
    while (read_ == piece_.size()) {
      if (total_ && offset_ == *total_) return Read{State::end, 0};
      if (next_ == nullptr) next_ = ask(offset_, from_.range_bytes);
      if (!next_->wait_for(kMostWait)) return Read{State::waiting, 0};
      if (auto taken = take(); !taken) return std::unexpected(taken.error());
    }
    const std::size_t count = std::min(into.size(), piece_.size() - read_);
    std::memcpy(into.data(), piece_.data() + read_, count);
    read_ += count;
    consumed_.fetch_add(count, std::memory_order_relaxed);
    return Read{State::bytes, count};
  }

  core::Result<std::uint64_t> size() {
    next_ = ask(0, 1, kTriesForSize);
    if (auto taken = take(); !taken) return std::unexpected(taken.error());
    return *total_;
  }

 private:
  std::shared_ptr<Pending> ask(std::uint64_t offset, std::uint64_t count, int tries = 0) const {
    return ask_for(from_, offset, count, tries, version_);
  }

  std::unexpected<core::Error> fail(std::string_view why) const {
    return core::fail(core::ErrorCode::io, std::string(why), from_.uri.shown);
  }

  // Takes what has come, and asks for what follows.
  core::Status take() {
    auto answer = std::exchange(next_, nullptr)->take();
    if (!answer) return std::unexpected(unanswered(std::move(answer.error()), from_.uri));
    auto piece = piece_of(std::move(*answer));
    if (!piece) return std::unexpected(piece.error());
    if (total_ && (piece->total != *total_ || piece->version != version_))
      return fail("the file was changed while it was read: start again when it rests");
    total_ = piece->total;
    version_ = std::move(piece->version);
    piece_ = std::move(piece->bytes);
    read_ = 0;
    offset_ += piece_.size();
    // A single byte is what size() asks for.
    if (offset_ < *total_ && piece_.size() > 1) next_ = ask(offset_, from_.range_bytes);
    return {};
  }

  core::Result<Piece> piece_of(Answer answer) const {
    Piece piece;
    piece.version =
        answer.headers.find("etag").value_or(answer.headers.find("last-modified").value_or(""));
    piece.first = offset_;
    if (answer.status == 200 && offset_ == 0) {  // a server that gives no parts
      piece.total = answer.body.size();
    } else if (answer.status == 206) {
      const auto range = read_content_range(answer.headers.find("content-range").value_or(""));
      if (!range || range->first != offset_ || range->last - range->first + 1 != answer.body.size())
        return fail("the server sent other bytes than those that it was asked for");
      piece.total = range->total;
    } else if (answer.status == 416 && offset_ == 0) {  // no byte is the first of an empty file
      return piece;
    } else if (answer.status == 200) {
      return fail(
          "the server gives parts of this file at one time and not at another: copy it to this "
          "machine first");
    } else {
      return std::unexpected(refused(answer, Doing::reading, from_.uri, from_.service));
    }
    piece.bytes = std::move(answer.body);
    return piece;
  }

  const ObjectRead from_;
  std::atomic<std::uint64_t>& consumed_;
  std::string piece_;
  std::size_t read_ = 0;      // of piece_
  std::uint64_t offset_ = 0;  // of what follows piece_
  std::optional<std::uint64_t> total_;
  std::string version_;
  std::shared_ptr<Pending> next_;  // from offset_ on
};

}  // namespace

std::shared_ptr<Pending> ask_first(const ObjectRead& from) {
  return ask_for(from, 0, from.range_bytes);
}

std::unique_ptr<storage::InputFile> open_object(ObjectRead from,
                                                std::atomic<std::uint64_t>& consumed) {
  return std::make_unique<ObjectFile>(std::move(from), consumed);
}

core::Result<std::uint64_t> size_of(const ObjectRead& from) {
  std::atomic<std::uint64_t> none = 0;
  return ObjectFile(from, none).size();
}

core::Result<std::optional<std::string>> version_of(const ObjectRead& from) {
  const auto answer = ask_for(from, 0, 1, kTriesForSize)->take();
  if (!answer) return std::unexpected(unanswered(answer.error(), from.uri));
  if (answer->status == 404) return std::nullopt;
  if (answer->status != 200 && answer->status != 206 && answer->status != 416)
    return std::unexpected(refused(*answer, Doing::reading, from.uri, from.service));
  return std::string(
      answer->headers.find("etag").value_or(answer->headers.find("last-modified").value_or("")));
}

}  // namespace sluice::place
