// The part of the question index that is in memory: an ordered hash table (Amble and Knuth, 1974).
//
// Threads: those of a std::vector.
//
// Invariants:
//   1. A slot's home is given by its leading bits, and collisions are kept in ascending order, so
//      that the slots stand in ascending order from one end of the table to the other: it is
//      written as a run without being sorted, and a search for what is not there ends early.
//   2. Probes do not wrap around. Beyond the last home there is slack, and the last slot stays
//      empty.
//   3. At most 7/8 of the homes' number are taken; full before that when the slack is used up,
//      which some hashes of equal beginnings do.
//   4. All of it is touched when it is made: its memory does not grow.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

#include "index/slot.h"

namespace sluice::index {

class Memtable {
 public:
  explicit Memtable(std::size_t homes)  // a power of two, at least 2
      : shift_(64 - std::countr_zero(homes)), homes_(homes), slots_(homes + kSlack + homes / 64) {}

  // False when the table is full.
  bool insert(Slot slot) {
    if ((size_ + 1) * 8 > homes_ * 7) return false;
    std::size_t at = home_of(slot);
    while (slots_[at] != 0 && slots_[at] < slot) ++at;
    std::size_t hole = at;
    while (slots_[hole] != 0) ++hole;
    if (hole + 1 == slots_.size()) return false;
    for (; hole > at; --hole) slots_[hole] = slots_[hole - 1];
    slots_[at] = slot;
    ++size_;
    return true;
  }
  // The blocks of a tag, appended to `blocks`.
  void find(Slot tag, std::vector<std::int64_t>& blocks) const {
    std::size_t at = home_of(tag);
    while (slots_[at] != 0 && slots_[at] < tag) ++at;
    for (; slots_[at] != 0 && tag_of(slots_[at]) == tag; ++at)
      blocks.push_back(block_in(slots_[at]));
  }
  void clear() {
    std::ranges::fill(slots_, 0);
    size_ = 0;
  }

  // In ascending order, with zeros between.
  std::span<const Slot> slots() const { return slots_; }
  std::size_t size() const { return size_; }
  std::size_t homes() const { return homes_; }
  std::size_t memory() const { return slots_.capacity() * sizeof(Slot); }

 private:
  static constexpr std::size_t kSlack = 64;

  std::size_t home_of(Slot slot) const { return slot >> shift_; }

  int shift_;
  std::size_t homes_;
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace sluice::index
