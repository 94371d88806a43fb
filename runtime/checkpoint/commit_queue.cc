#include "checkpoint/commit_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "checkpoint/checkpoint.h"

namespace sluice::checkpoint {

void CommitQueue::push(std::vector<Intent> intents, Callback durable) {
  {
    const std::lock_guard lock(mutex_);
    if (finishing_ || abandoned_) return;
    if (intents_.empty()) {
      intents_ = std::move(intents);
    } else {
      intents_.insert(intents_.end(), intents.begin(), intents.end());
    }
    intents_durable_.push_back(std::move(durable));
  }
  changed_.notify_one();
}

void CommitQueue::push(Results results, Callback durable) {
  std::size_t bytes = 0;
  for (const Entry& entry : results.entries) bytes += entry.line.size();
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (finishing_ || abandoned_) return;
    if (results_durable_.empty()) {
      oldest_ = Clock::now();
      wake = true;
    }
    entries_ += results.entries.size();
    bytes_ += bytes;
    results_.push_back(std::move(results));
    results_durable_.push_back(std::move(durable));
    wake = wake || entries_ >= kGroupEntries || bytes_ >= kGroupBytes;
  }
  if (wake) changed_.notify_one();
}

void CommitQueue::touch() {
  {
    const std::lock_guard lock(mutex_);
    if (record_at_) return;
    record_at_ = Clock::now() + kRecordInterval;
  }
  changed_.notify_one();
}

void CommitQueue::synced() {
  {
    const std::lock_guard lock(mutex_);
    synced_ = true;
  }
  changed_.notify_one();
}

void CommitQueue::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_one();
}

void CommitQueue::abandon() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  changed_.notify_one();
}

bool CommitQueue::abandoned() const {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

bool CommitQueue::results_due(Clock::time_point now) const {
  if (results_durable_.empty()) return false;
  if (finishing_ || entries_ >= kGroupEntries || bytes_ >= kGroupBytes) return true;
  if (!intents_durable_.empty()) return true;
  return now - oldest_ >= kGroupDelay;
}

CommitQueue::Work CommitQueue::take_locked(Clock::time_point now) {
  Work work;
  if (results_due(now)) {
    work.results.swap(results_);
    work.results_durable.swap(results_durable_);
    entries_ = bytes_ = 0;
  }
  work.intents.swap(intents_);
  work.intents_durable.swap(intents_durable_);
  if (record_at_ && now >= *record_at_) {
    work.record = true;
    record_at_.reset();
  }
  work.synced = std::exchange(synced_, false);
  return work;
}

CommitQueue::Work CommitQueue::take_ready(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return abandoned_ ? Work() : take_locked(now);
}

CommitQueue::Clock::time_point CommitQueue::next_due() const {
  auto due = Clock::time_point::max();
  if (!results_durable_.empty()) due = oldest_ + kGroupDelay;
  if (record_at_) due = std::min(due, *record_at_);
  return due;
}

std::optional<CommitQueue::Work> CommitQueue::take() {
  std::unique_lock lock(mutex_);
  while (!abandoned_) {
    Work work = take_locked(Clock::now());
    if (!work.empty()) return work;
    if (finishing_) break;
    const auto due = next_due();
    if (due == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, due);
    }
  }
  return std::nullopt;
}

}  // namespace sluice::checkpoint
