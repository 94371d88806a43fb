#include "stages/first_rejects.h"

#include <fmt/format.h>

#include <iterator>

namespace sluice::stages {

// The lines of a file in another format are unreadable for several reasons.
bool FirstRejects::differs(const Item& item) const {
  if (!item.reject || (!only_.empty() && item.reject->reason != only_)) return true;
  // Of a queue: what became of its workers says nothing about the file.
  if (item.reject->reason == "too_many_deliveries") return true;
  if (held_.empty()) return false;
  const core::Reject& first = *held_.front().reject;
  if (item.reject->stage != first.stage) return true;
  return first.stage != core::Stage::read && item.reject->reason != first.reason;
}

Items FirstRejects::let_pass() {
  watching_ = false;
  Items all = std::move(held_);
  for (auto& [number, items] : waiting_)
    all.insert(all.end(), std::make_move_iterator(items.begin()),
               std::make_move_iterator(items.end()));
  waiting_.clear();
  held_.clear();
  return all;
}

void FirstRejects::decide() {
  const core::Reject& first = *held_.front().reject;
  alike_ = held_.size() == 1
               ? fmt::format("the only row fails ({} in {}): {}", first.reason,
                             core::stage_name(first.stage), first.detail)
               : fmt::format("all of the first {} rows fail alike ({} in {}): {}", held_.size(),
                             first.reason, core::stage_name(first.stage), first.detail);
  watching_ = false;
  for (auto& [number, items] : waiting_)
    held_.insert(held_.end(), std::make_move_iterator(items.begin()),
                 std::make_move_iterator(items.end()));
  waiting_.clear();
}

Items FirstRejects::add(std::uint64_t number, Items&& items) {
  if (!watching_) return std::move(items);
  bytes_ += weight_of(items).bytes;
  waiting_.emplace(number, std::move(items));
  bool same = bytes_ <= kMostBytes;
  while (same && !waiting_.empty() && waiting_.begin()->first == next_) {
    Items& batch = waiting_.begin()->second;
    std::size_t taken = 0;
    for (; taken < batch.size() && same; ++taken) {
      same = !differs(batch[taken]);
      if (same) held_.push_back(std::move(batch[taken]));
    }
    if (!same) --taken;
    batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(taken));
    if (!same) break;
    waiting_.erase(waiting_.begin());
    ++next_;
  }
  if (!same) return let_pass();
  if (held_.size() >= kRows) decide();
  return {};
}

Items FirstRejects::stalled() {
  return watching_ && bytes_ > kMostStalledBytes ? let_pass() : Items();
}

Items FirstRejects::end(bool complete) {
  if (!watching_) return {};
  const bool few = held_.size() < kLeastRows &&
                   (held_.empty() || held_.front().reject->stage != core::Stage::read);
  if (!complete || few) return let_pass();
  decide();
  return {};
}

}  // namespace sluice::stages
