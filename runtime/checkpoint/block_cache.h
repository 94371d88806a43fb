// The blocks that were looked at last, decoded: answers that are asked for together were mostly
// committed together.
//
// Threads: one at a time, that of its Store.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "checkpoint/block.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class BlockCache {
 public:
  static constexpr std::size_t kBytes = 4 * 1024 * 1024;  // kept at most, the last block apart

  explicit BlockCache(store::SqliteStore& store) : store_(store) {}

  // A block that is not in the store, here for good.
  core::Status keep(std::int64_t block, std::string keys, std::string_view payload);

  // Valid until the next call. ErrorCode::corrupt when the block is missing or damaged.
  core::Result<const BlockKeys*> keys(std::int64_t block);
  core::Result<const BlockLines*> lines(std::int64_t block);

 private:
  struct Cached {
    std::int64_t block = 0;
    BlockKeys keys;
    std::optional<BlockLines> lines;
    std::size_t bytes() const { return keys.bytes() + (lines ? lines->bytes() : 0); }
  };
  core::Result<Cached*> load(std::int64_t block);
  void evict();

  store::SqliteStore& store_;
  std::map<std::int64_t, Cached> kept_;
  std::list<Cached> blocks_;  // the last used first; a few dozen, so a walk finds one
  std::size_t bytes_ = 0;
};

}  // namespace sluice::checkpoint
