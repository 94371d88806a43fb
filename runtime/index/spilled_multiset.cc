#include "index/spilled_multiset.h"

#include <algorithm>
#include <span>
#include <utility>

namespace sluice::index {

core::Status SpilledMultiset::reserve(std::uint64_t rows) {
  if (rows <= most_loaded_) {
    loaded_.reserve(rows);
    return {};
  }
  auto file = storage::SpillFile::make(directory_);
  if (!file) return std::unexpected(file.error());
  spilled_.reset(new Spilled{.file = std::move(*file),
                             .index = HashIndex(directory_),
                             .chunk = {},
                             .loaded = {true}});  // chunk 0, which is none
  spilled_->chunk.reserve(kChunkRows);
  return {};
}

core::Status SpilledMultiset::add(const core::Hash128& row) {
  if (spilled_ == nullptr) {
    loaded_.add(row);
    return {};
  }
  spilled_->chunk.push_back(row);
  return spilled_->chunk.size() == kChunkRows ? write_chunk() : core::Status();
}

core::Status SpilledMultiset::write_chunk() {
  Spilled& s = *spilled_;
  std::ranges::sort(s.chunk);
  if (auto status = s.file.append(std::as_bytes(std::span(s.chunk))); !status) return status;
  s.written += s.chunk.size();
  s.left += s.chunk.size();
  const auto chunk = static_cast<std::int64_t>(s.loaded.size());
  s.loaded.push_back(false);
  const auto equal = std::ranges::unique(s.chunk);
  s.chunk.erase(equal.begin(), equal.end());
  auto status = s.index.add(s.chunk, chunk);
  s.chunk.clear();
  return status;
}

core::Status SpilledMultiset::read_chunk(std::int64_t chunk) {
  Spilled& s = *spilled_;
  const std::uint64_t first = static_cast<std::uint64_t>(chunk - 1) * kChunkRows;
  s.chunk.resize(std::min<std::uint64_t>(kChunkRows, s.written - first));
  return s.file.read(first * sizeof(core::Hash128), std::as_writable_bytes(std::span(s.chunk)));
}

core::Result<bool> SpilledMultiset::take(const core::Hash128& row) {
  if (loaded_.take(row)) return true;
  if (spilled_ == nullptr) return false;
  if (!spilled_->complete) {
    if (!spilled_->chunk.empty()) {
      if (auto status = write_chunk(); !status) return std::unexpected(status.error());
    }
    spilled_->complete = true;
  }
  return take_from_chunks(row);
}

core::Result<bool> SpilledMultiset::take_from_chunks(const core::Hash128& row) {
  candidates_.clear();
  if (auto status = spilled_->index.candidates(row, candidates_); !status)
    return std::unexpected(status.error());
  for (const std::int64_t chunk : candidates_) {
    if (spilled_->loaded[static_cast<std::size_t>(chunk)]) continue;
    if (auto status = read_chunk(chunk); !status) return std::unexpected(status.error());
    if (!std::ranges::binary_search(spilled_->chunk, row)) continue;
    if (loaded_.size() + spilled_->chunk.size() <= most_loaded_) {
      load(chunk);
      if (spilled_->left == 0) spilled_.reset();
    } else if (auto status = load_all(); !status) {
      return std::unexpected(status.error());
    }
    return loaded_.take(row);
  }
  return false;
}

void SpilledMultiset::load(std::int64_t chunk) {
  for (const core::Hash128& row : spilled_->chunk) loaded_.add(row);
  spilled_->loaded[static_cast<std::size_t>(chunk)] = true;
  spilled_->left -= spilled_->chunk.size();
}

core::Status SpilledMultiset::load_all() {
  loaded_.reserve(size());
  for (std::size_t chunk = 1; chunk < spilled_->loaded.size(); ++chunk) {
    if (spilled_->loaded[chunk]) continue;
    if (auto status = read_chunk(static_cast<std::int64_t>(chunk)); !status) return status;
    load(static_cast<std::int64_t>(chunk));
  }
  spilled_.reset();
  return {};
}

std::uint64_t SpilledMultiset::size() const {
  if (spilled_ == nullptr) return loaded_.size();
  return loaded_.size() + spilled_->left + (spilled_->complete ? 0 : spilled_->chunk.size());
}

std::size_t SpilledMultiset::memory() const {
  const std::size_t loaded = loaded_.bytes();
  if (spilled_ == nullptr) return loaded;
  return loaded + spilled_->index.memory() + spilled_->chunk.capacity() * sizeof(core::Hash128) +
         spilled_->loaded.size() / 8;
}

}  // namespace sluice::index
