// Which block may hold the answer to a question: a compact map from question hash to block number.
// It may point at a block that does not hold the question (about one lookup in some thousands, see
// below); whoever looks verifies the hit against the block's key records, so a false tag costs a
// read, never a wrong answer. It never misses what was added.
//
// Threads: any; a mutex guards the table.
//
// Invariants:
//   1. A slot is 8 bytes: 36 bits of the question's hash (the tag) above 28 bits of block number;
//      zero is empty, so block numbers count from 1. Collisions probe linearly, at a load of 7/8
//      at most.
//   2. The home slot of an entry is its tag's low bits, so that the table doubles without a look at
//      the store. With 2^k slots 36 - k bits are left to tell two questions of one home apart.
//   3. It begins with 2^21 slots, 16 MiB, all touched at once: the memory of a run is flat up to
//      1.8 million distinct questions, and doubles after.
//   4. The caller adds a question once per model that answered it (KeyRecord::repeat): equal
//      entries would make one long run of probes.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "core/hash.h"

namespace sluice::checkpoint {

class QuestionIndex {
 public:
  static constexpr std::size_t kInitialSlots = std::size_t{1} << 21;
  // At the most blocks a second that group commit makes of a trickle (20), 155 days of one job.
  // Answers in blocks beyond are kept and projected, but not shared.
  static constexpr std::int64_t kMaxBlock = (std::int64_t{1} << 28) - 1;

  explicit QuestionIndex(std::size_t initial_slots = kInitialSlots);  // a power of two

  void add(std::span<const core::Hash128> questions, std::int64_t block);
  // The blocks that may hold the answer, appended to `blocks`.
  void candidates(const core::Hash128& question, std::vector<std::int64_t>& blocks) const;

  std::size_t size() const;
  std::size_t slots() const;

 private:
  void insert(std::uint64_t slot);
  void grow();

  mutable std::mutex mutex_;  // guards all below
  std::vector<std::uint64_t> slots_;
  std::size_t size_ = 0;
};

}  // namespace sluice::checkpoint
