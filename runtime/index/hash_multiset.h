// A multiset of the hashes of rows or lines, in memory: filled once, then emptied one by one.
//
// Threads: one at a time.
//
// Invariants:
//   1. Membership is exact to the 128 bits of the hash: a false "done" would lose a row.
//   2. A slot costs 17 bytes (the hash, and a count of its occurrences in a byte; the rare larger
//      counts stand aside), so about 21 bytes a row at the load of 4/5 at most. The table is made
//      to measure, and made anew whenever three quarters of it have been taken: whoever empties it
//      gets the memory back on the way. An empty one that was never filled has allocated nothing.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/hash.h"

namespace sluice::index {

class HashMultiset {
 public:
  // Room for `rows` occurrences, those that are there included; more find room too.
  void reserve(std::uint64_t rows);
  void add(const core::Hash128& row);
  // Uses up one occurrence; false when there is none left.
  bool take(const core::Hash128& row);
  std::uint64_t size() const { return size_; }  // occurrences left
  std::size_t bytes() const;                    // of memory

 private:
  static constexpr std::uint8_t kEmpty = 0;
  static constexpr std::uint8_t kMany = 254;   // count in many_
  static constexpr std::uint8_t kTaken = 255;  // was here; keeps probes going

  std::size_t slot_of(const core::Hash128& row) const;  // its slot, or the empty one where it goes
  void add_times(const core::Hash128& row, std::uint64_t times);
  void rebuild(std::size_t slots);

  std::vector<core::Hash128> hashes_;
  std::vector<std::uint8_t> counts_;
  std::unordered_map<core::Hash128, std::uint64_t> many_;
  std::size_t used_ = 0;      // slots that are not kEmpty
  std::size_t distinct_ = 0;  // slots with a count
  std::uint64_t size_ = 0;
};

}  // namespace sluice::index
