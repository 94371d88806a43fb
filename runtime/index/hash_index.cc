#include "index/hash_index.h"

#include <algorithm>
#include <utility>

namespace sluice::index {

HashIndex::HashIndex(std::string directory, std::size_t slots)
    : HashIndex(std::move(directory), slots, slots) {}

HashIndex::HashIndex(std::string directory, std::size_t slots, std::size_t first_slots)
    : directory_(std::move(directory)),
      most_slots_(slots),
      table_(first_slots),
      runs_(std::make_shared<const Runs>()) {}

core::Status HashIndex::add(std::span<const core::Hash128> questions, std::int64_t block) {
  if (block > kMaxBlock) return {};
  while (true) {
    const std::size_t added = insert(questions, block);
    questions = questions.subspan(added);
    if (auto status = merge(kFanIn * added); !status) return status;
    if (questions.empty()) return {};
    if (auto status = make_room(); !status) return status;
  }
}

std::size_t HashIndex::insert(std::span<const core::Hash128> questions, std::int64_t block) {
  const std::lock_guard lock(mutex_);
  std::size_t added = 0;
  while (added < questions.size() && table_.insert(slot_of(questions[added], block))) ++added;
  size_ += added;
  return added;
}

core::Status HashIndex::make_room() {
  if (table_.homes() == most_slots_) return spill();
  grow();
  return {};
}

void HashIndex::grow() {
  Memtable larger(table_.homes() * 2);
  for (const Slot slot : table_.slots())
    if (slot != 0) larger.insert(slot);  // which fits: homes and slack are larger
  const std::lock_guard lock(mutex_);
  std::swap(table_, larger);
}

core::Status HashIndex::spill() {
  auto writer = SortedRunWriter::begin(directory_, table_.size());
  if (!writer) return std::unexpected(writer.error());
  for (const Slot slot : table_.slots()) {
    if (slot == 0) continue;
    if (auto status = writer->append(slot); !status) return status;
  }
  auto run = writer->finish();
  if (!run) return std::unexpected(run.error());
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].runs.push_back(std::move(*run));
  auto runs = all_runs();
  const std::lock_guard lock(mutex_);
  runs_.swap(runs);
  table_.clear();
  return {};
}

core::Status HashIndex::merge(std::size_t slots) {
  if (!retired_.empty()) retired_.pop_back();
  // The last level first: it makes room for what the one before it may hand on.
  for (std::size_t level = levels_.size(); level > 0; --level)
    if (auto status = merge(level - 1, slots); !status) return status;
  return {};
}

core::Status HashIndex::merge(std::size_t level, std::size_t slots) {
  Level& from = levels_[level];
  if (from.merge == nullptr) {
    if (from.runs.size() < kFanIn) return {};
    auto merge = Merge::begin(directory_, {from.runs.begin(), from.runs.begin() + kFanIn});
    if (!merge) return std::unexpected(merge.error());
    from.merge = std::move(*merge);
  }
  auto merged = from.merge->step(slots);
  if (!merged) return std::unexpected(merged.error());
  if (*merged == nullptr) return {};

  const auto end = from.runs.begin() + kFanIn;
  retired_.insert(retired_.end(), from.runs.begin(), end);
  from.runs.erase(from.runs.begin(), end);
  from.merge.reset();
  if (level + 1 == levels_.size()) levels_.emplace_back();
  levels_[level + 1].runs.push_back(std::move(*merged));
  auto runs = all_runs();
  const std::lock_guard lock(mutex_);
  runs_.swap(runs);
  return {};
}

std::shared_ptr<const HashIndex::Runs> HashIndex::all_runs() const {
  Runs all;
  for (const Level& level : levels_) all.insert(all.end(), level.runs.begin(), level.runs.end());
  return std::make_shared<const Runs>(std::move(all));
}

core::Status HashIndex::candidates(const core::Hash128& question,
                                   std::vector<std::int64_t>& blocks) const {
  const Slot tag = tag_of(question);
  std::shared_ptr<const Runs> runs;
  {
    const std::lock_guard lock(mutex_);
    table_.find(tag, blocks);
    runs = runs_;
  }
  if (runs->empty()) return {};
  const BloomFilter::Key key(tag);
  for (const Run& run : *runs) run->prefetch(key);
  for (const Run& run : *runs)
    if (auto status = run->find(key, blocks); !status) return status;
  return {};
}

std::size_t HashIndex::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::size_t HashIndex::runs() const {
  const std::lock_guard lock(mutex_);
  return runs_->size();
}

std::size_t HashIndex::memory() const {
  std::size_t bytes = table_.memory();
  for (const Level& level : levels_) {
    for (const Run& run : level.runs) bytes += run->memory();
    if (level.merge != nullptr) bytes += level.merge->memory();
  }
  for (const Run& run : retired_) bytes += run->memory();
  return bytes;
}

}  // namespace sluice::index
