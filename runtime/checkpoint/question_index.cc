#include "checkpoint/question_index.h"

namespace sluice::checkpoint {
namespace {

constexpr int kBlockBits = 28;
constexpr std::uint64_t kBlockMask = (std::uint64_t{1} << kBlockBits) - 1;

// The tag, in place. `low` is as well mixed as any part of the hash.
std::uint64_t tag_of(const core::Hash128& question) {
  return question.low & ~kBlockMask;
}

std::size_t home_of(std::uint64_t slot, std::size_t slots) {
  return (slot >> kBlockBits) & (slots - 1);
}

}  // namespace

QuestionIndex::QuestionIndex(std::size_t initial_slots) : slots_(initial_slots) {}

void QuestionIndex::insert(std::uint64_t slot) {
  std::size_t i = home_of(slot, slots_.size());
  while (slots_[i] != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = slot;
}

void QuestionIndex::grow() {
  std::vector<std::uint64_t> old(slots_.size() * 2);
  old.swap(slots_);
  for (const std::uint64_t slot : old)
    if (slot != 0) insert(slot);
}

void QuestionIndex::add(std::span<const core::Hash128> questions, std::int64_t block) {
  if (block > kMaxBlock) return;
  const std::lock_guard lock(mutex_);
  for (const core::Hash128& question : questions) {
    if ((size_ + 1) * 8 > slots_.size() * 7) grow();
    insert(tag_of(question) | static_cast<std::uint64_t>(block));
    ++size_;
  }
}

void QuestionIndex::candidates(const core::Hash128& question,
                               std::vector<std::int64_t>& blocks) const {
  const std::uint64_t tag = tag_of(question);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = home_of(tag, slots_.size()); slots_[i] != 0;
       i = (i + 1) & (slots_.size() - 1))
    if ((slots_[i] & ~kBlockMask) == tag)
      blocks.push_back(static_cast<std::int64_t>(slots_[i] & kBlockMask));
}

std::size_t QuestionIndex::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::size_t QuestionIndex::slots() const {
  const std::lock_guard lock(mutex_);
  return slots_.size();
}

}  // namespace sluice::checkpoint
