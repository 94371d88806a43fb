// How many rows of a run have a key that an earlier row of other content has: the key does not tell
// such rows apart. Each ends by itself all the same, since a row is known by its key and its
// question (names.h); so this is for the summary, and decides nothing.
//
// Threads: add() on one at a time; found() on any.
//
// Invariants:
//   1. Bounded memory: the first kMostKeys different keys are kept, 16 bytes each in a table of at
//      most 4 MB. Rows of later keys are not compared, which `complete` says.
//   2. Keys and contents are compared by 64 bits of XXH3: of 10^7 rows against 10^5 keys, one is
//      taken for another's by chance once in some 10^7 runs.
//   3. Rows without a key, and rows of the same content, do not count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "stages/item.h"

namespace sluice::stages {

class KeyTally {
 public:
  static constexpr std::size_t kMostKeys = 100'000;

  struct Found {
    std::uint64_t rows = 0;  // beyond the first of their key
    std::string example;     // the key of the first that was seen, as JSON
    bool complete = true;    // no row was left out of the comparison
  };

  explicit KeyTally(std::size_t most_keys = kMostKeys) : most_keys_(most_keys) {}
  void add(const Items& items);
  Found found() const;

 private:
  struct Slot {
    std::uint64_t key = 0;  // 0: empty
    std::uint64_t content = 0;
  };
  void add(std::uint64_t key, const core::Row& row);
  Slot& slot_of(std::uint64_t key);  // its slot, or the empty one where it goes
  void grow();

  const std::size_t most_keys_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t keys_ = 0;
  std::vector<std::uint64_t> hashes_;  // of a call's keys; 0: none

  mutable std::mutex mutex_;  // guards found_
  Found found_;
};

}  // namespace sluice::stages
