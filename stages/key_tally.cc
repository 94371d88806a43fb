#include "stages/key_tally.h"

#include <algorithm>

#include "core/hash.h"

namespace sluice::stages {
namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint64_t short_hash(std::string_view text) {
  return std::max<std::uint64_t>(1, core::hash128(text).low);
}

}  // namespace

void KeyTally::add(const Items& items) {
  if (slots_.empty()) slots_.resize(kFirstSlots);
  // The table is larger than a core's cache: its lines are asked for together, ahead of their use.
  hashes_.clear();
  for (const Item& item : items) {
    const std::uint64_t key = item.row.key_json.empty() ? 0 : short_hash(item.row.key_json);
    hashes_.push_back(key);
    if (key != 0) __builtin_prefetch(&slots_[key & (slots_.size() - 1)]);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (hashes_[i] != 0) add(hashes_[i], items[i].row);
  }
}

void KeyTally::add(std::uint64_t key, const core::Row& row) {
  Slot& slot = slot_of(key);
  if (slot.key == 0) {
    if (keys_ == most_keys_) {
      const std::lock_guard lock(mutex_);
      found_.complete = false;
      return;
    }
    slot = {key, short_hash(row.raw)};
    if (++keys_ * 2 > slots_.size()) grow();
    return;
  }
  if (slot.content == short_hash(row.raw)) return;
  const std::lock_guard lock(mutex_);
  if (found_.rows++ == 0) found_.example = row.key_json;
}

KeyTally::Found KeyTally::found() const {
  const std::lock_guard lock(mutex_);
  return found_;
}

KeyTally::Slot& KeyTally::slot_of(std::uint64_t key) {
  std::size_t at = key & (slots_.size() - 1);
  while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  return slots_[at];
}

void KeyTally::grow() {
  std::vector<Slot> before(slots_.size() * 2);
  before.swap(slots_);
  for (const Slot& slot : before) {
    if (slot.key != 0) slot_of(slot.key) = slot;
  }
}

}  // namespace sluice::stages
