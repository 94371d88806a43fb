#include "index/hash_multiset.h"

#include <algorithm>

namespace sluice::index {
namespace {

constexpr std::size_t kLeastSlots = 64;

}  // namespace

void HashMultiset::reserve(std::uint64_t rows) {
  if (rows > 0) rebuild(std::max<std::size_t>(kLeastSlots, rows + rows / 4 + 1));
}

std::size_t HashMultiset::slot_of(const core::Hash128& row) const {
  // Spread over the slots, whose number is no power of two (and below 2^32: 70 GB).
  auto i = static_cast<std::size_t>(((row.high >> 32) * hashes_.size()) >> 32);
  while (counts_[i] != kEmpty && hashes_[i] != row)
    if (++i == hashes_.size()) i = 0;
  return i;
}

void HashMultiset::add_times(const core::Hash128& row, std::uint64_t times) {
  const std::size_t i = slot_of(row);
  std::uint64_t before = counts_[i];
  if (counts_[i] == kEmpty) {
    hashes_[i] = row;
    ++used_;
  } else if (counts_[i] == kTaken) {
    before = 0;
  } else if (counts_[i] == kMany) {
    before = many_[row];
  }
  if (before == 0) ++distinct_;
  const std::uint64_t count = before + times;
  if (count >= kMany) many_[row] = count;
  counts_[i] = static_cast<std::uint8_t>(std::min<std::uint64_t>(count, kMany));
  size_ += times;
}

void HashMultiset::add(const core::Hash128& row) {
  if (5 * (used_ + 1) > 4 * hashes_.size()) rebuild(std::max(kLeastSlots, distinct_ * 2 + 1));
  add_times(row, 1);
}

bool HashMultiset::take(const core::Hash128& row) {
  if (size_ == 0) return false;
  const std::size_t i = slot_of(row);
  if (counts_[i] == kEmpty || counts_[i] == kTaken) return false;
  --size_;
  if (counts_[i] == kMany) {
    auto many = many_.find(row);
    if (--many->second < kMany) {
      counts_[i] = static_cast<std::uint8_t>(many->second);
      many_.erase(many);
    }
    return true;
  }
  if (--counts_[i] > 0) return true;
  counts_[i] = kTaken;
  --distinct_;
  if (size_ == 0) {
    rebuild(0);
  } else if (distinct_ < used_ / 4 && hashes_.size() > kLeastSlots) {
    rebuild(std::max(kLeastSlots, distinct_ + distinct_ / 4 + 1));
  }
  return true;
}

void HashMultiset::rebuild(std::size_t slots) {
  std::vector<core::Hash128> hashes(slots);
  std::vector<std::uint8_t> counts(slots);
  hashes.swap(hashes_);
  counts.swap(counts_);
  std::unordered_map<core::Hash128, std::uint64_t> many;
  many.swap(many_);
  used_ = distinct_ = 0;
  size_ = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (counts[i] == kEmpty || counts[i] == kTaken) continue;
    add_times(hashes[i], counts[i] == kMany ? many[hashes[i]] : counts[i]);
  }
}

std::size_t HashMultiset::bytes() const {
  return hashes_.capacity() * sizeof(core::Hash128) + counts_.capacity();
}

}  // namespace sluice::index
