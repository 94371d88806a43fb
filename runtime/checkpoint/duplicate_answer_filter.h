// Whether a question was already answered by a model, exactly: such an answer is marked as a repeat
// and not indexed (index/hash_index.h, invariant 4).
//
// Threads: one at a time, that of its Store.
#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/block_cache.h"
#include "index/hash_index.h"

namespace sluice::checkpoint {

class DuplicateAnswerFilter {
 public:
  DuplicateAnswerFilter(store::SqliteStore& store, const index::HashIndex& index)
      : index_(index), blocks_(store), recent_(kRecent) {}

  // True when (question, model) is in a committed block, or was asked about lately. The caller adds
  // what is no repeat to the index when its block is committed.
  core::Result<bool> is_repeat(const core::Hash128& question, std::uint32_t model);

 private:
  // Popular questions are answered from here instead of from the store. A direct-mapped cache: what
  // it forgets within one commit costs a second slot in the index, nothing else.
  static constexpr std::size_t kRecent = 8192;
  struct Recent {
    core::Hash128 question;
    std::uint32_t model = 0;
  };

  const index::HashIndex& index_;
  BlockCache blocks_;
  std::vector<Recent> recent_;
  std::vector<std::int64_t> candidates_;
};

}  // namespace sluice::checkpoint
