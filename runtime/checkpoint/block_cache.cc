#include "checkpoint/block_cache.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::checkpoint {

core::Status BlockCache::keep(std::int64_t block, std::string bytes, std::string_view payload) {
  auto keys = BlockKeys::decode(std::move(bytes));
  auto lines = keys ? BlockLines::decode(payload, *keys) : std::nullopt;
  if (!lines)
    return store::corrupt(store_.path(),
                          fmt::format("the checkpoint is damaged: the answers of block {}", block));
  kept_.emplace(block, Cached{block, std::move(*keys), std::move(lines)});
  return {};
}

core::Result<BlockCache::Cached*> BlockCache::load(std::int64_t block) {
  if (const auto kept = kept_.find(block); kept != kept_.end()) return &kept->second;
  const auto found = std::ranges::find(blocks_, block, &Cached::block);
  if (found != blocks_.end()) {
    blocks_.splice(blocks_.begin(), blocks_, found);
    return &blocks_.front();
  }
  auto bytes = store_.keys(block);
  if (!bytes) return std::unexpected(bytes.error());
  auto keys = BlockKeys::decode(std::move(*bytes));
  if (!keys)
    return store::corrupt(store_.path(),
                          fmt::format("the checkpoint is damaged: the keys of block {}", block));
  bytes_ += keys->bytes();
  blocks_.push_front({block, std::move(*keys), std::nullopt});
  evict();
  return &blocks_.front();
}

void BlockCache::evict() {
  while (bytes_ > kBytes && blocks_.size() > 1) {
    bytes_ -= blocks_.back().bytes();
    blocks_.pop_back();
  }
}

core::Result<const BlockKeys*> BlockCache::keys(std::int64_t block) {
  auto cached = load(block);
  if (!cached) return std::unexpected(cached.error());
  return &(*cached)->keys;
}

core::Result<const BlockLines*> BlockCache::lines(std::int64_t block) {
  auto cached = load(block);
  if (!cached) return std::unexpected(cached.error());
  Cached& entry = **cached;
  if (!entry.lines) {
    auto payload = store_.payload(block);
    if (!payload) return std::unexpected(payload.error());
    entry.lines = BlockLines::decode(*payload, entry.keys);
    if (!entry.lines)
      return store::corrupt(
          store_.path(), fmt::format("the checkpoint is damaged: the answers of block {}", block));
    bytes_ += entry.lines->bytes();
    evict();
  }
  return &*entry.lines;
}

}  // namespace sluice::checkpoint
