// An entry of the question index in 8 bytes: 36 bits of the question's hash (the tag) above 28 bits
// of block number. Blocks count from 1, so that no slot is zero. Slots in ascending order are in
// the order of their tags.
#pragma once

#include <cstdint>

#include "core/hash.h"

namespace sluice::index {

using Slot = std::uint64_t;

constexpr int kSlotBlockBits = 28;
constexpr int kSlotTagBits = 64 - kSlotBlockBits;
constexpr Slot kSlotBlockMask = (Slot{1} << kSlotBlockBits) - 1;

constexpr Slot tag_of(Slot slot) {
  return slot & ~kSlotBlockMask;
}
// `low` is as well mixed as any part of the hash.
constexpr Slot tag_of(const core::Hash128& question) {
  return tag_of(question.low);
}
constexpr Slot slot_of(const core::Hash128& question, std::int64_t block) {
  return tag_of(question) | static_cast<Slot>(block);
}
constexpr std::int64_t block_in(Slot slot) {
  return static_cast<std::int64_t>(slot & kSlotBlockMask);
}

}  // namespace sluice::index
