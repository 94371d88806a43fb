#include "mock/batch_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <span>
#include <utility>

namespace sluice::mock {
namespace {

constexpr std::size_t kChunk = 1 << 20;

std::string temporary_directory() {
  const char* named = std::getenv("TMPDIR");
  return named && *named ? named : "/tmp";
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == line.npos;
}

}  // namespace

core::Status Blob::append(std::string_view bytes) {
  size_ += bytes.size();
  if (!file_ && memory_.size() + bytes.size() <= kInMemory) {
    memory_ += bytes;
    return {};
  }
  if (!file_) {
    auto made = storage::SpillFile::make(temporary_directory());
    if (!made) return std::unexpected(made.error());
    file_ = std::make_unique<storage::SpillFile>(std::move(*made));
    const std::string before = std::exchange(memory_, {});
    if (auto put = file_->append(std::as_bytes(std::span(before))); !put) return put;
  }
  return file_->append(std::as_bytes(std::span(bytes)));
}

core::Result<std::string> Blob::read(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset >= size_) return std::string();
  bytes = std::min(bytes, size_ - offset);
  if (!file_) return memory_.substr(offset, bytes);
  std::string out(bytes, '\0');
  if (auto got = file_->read(offset, std::as_writable_bytes(std::span(out))); !got)
    return std::unexpected(got.error());
  return out;
}

core::Status Blob::each_line(
    const std::function<bool(std::string_view line, std::uint64_t number)>& line) const {
  std::string held;
  std::uint64_t number = 0;
  const auto hand_out = [&](std::string_view text) {
    ++number;
    return is_blank(text) || line(text, number);
  };
  for (std::uint64_t offset = 0; offset < size_; offset += kChunk) {
    auto chunk = read(offset, kChunk);
    if (!chunk) return std::unexpected(chunk.error());
    const std::size_t searched = held.size();
    held += *chunk;
    std::size_t start = 0;
    for (std::size_t end = held.find('\n', searched); end != held.npos;
         end = held.find('\n', start)) {
      if (!hand_out(std::string_view(held).substr(start, end - start))) return {};
      start = end + 1;
    }
    held.erase(0, start);
  }
  if (!held.empty()) hand_out(held);
  return {};
}

core::Result<const BatchFiles::File*> BatchFiles::add(wire::StoredFile facts, Blob blob) {
  const auto before = files_.find(facts.id);
  const std::uint64_t freed = before == files_.end() ? 0 : before->second.blob->size();
  if (bytes_ - freed + blob.size() > most_bytes_) {
    return core::fail(
        core::ErrorCode::usage,
        fmt::format("The mock keeps {} bytes of files at most, and {} are taken: delete "
                    "some, or give --batch-store-bytes more.",
                    most_bytes_, bytes_));
  }
  if (before == files_.end() && files_.size() >= kMostFiles) {
    return core::fail(core::ErrorCode::usage,
                      fmt::format("The mock keeps {} files at most: delete some.", kMostFiles));
  }
  bytes_ = bytes_ - freed + blob.size();
  facts.bytes = blob.size();
  const std::string id = facts.id;
  File& file = files_[id];
  file.facts = std::move(facts);
  file.number = ++number_;
  file.blob = std::make_shared<const Blob>(std::move(blob));
  return &file;
}

const BatchFiles::File* BatchFiles::find(std::string_view id) const {
  const auto found = files_.find(id);
  return found == files_.end() ? nullptr : &found->second;
}

bool BatchFiles::remove(std::string_view id) {
  const auto found = files_.find(id);
  if (found == files_.end()) return false;
  bytes_ -= found->second.blob->size();
  files_.erase(found);
  return true;
}

}  // namespace sluice::mock
