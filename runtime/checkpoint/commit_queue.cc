#include "checkpoint/commit_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "checkpoint/options.h"

namespace sluice::checkpoint {

namespace {

// So that a push_back cannot throw. What stands in the log must stand in the queue as well: the log
// is removed when all that the queue was given is committed.
template <class T>
void make_room(std::vector<T>& in, std::size_t more = 1) {
  constexpr std::size_t kLeast = 16;
  if (in.capacity() - in.size() < more)
    in.reserve(std::max({kLeast, 2 * in.capacity(), in.size() + more}));
}

}  // namespace

bool CommitQueue::append_locked(std::string&& record) {
  if (finishing_ || abandoned_ || error_) return false;
  core::Status status = log_.append(std::move(record));
  if (status) return true;
  error_ = std::move(status.error());
  changed_.notify_one();
  return false;
}

// What the log cannot name it cannot hold.
bool CommitQueue::knows(std::uint32_t endpoint) {
  if (endpoint < numbers_.size()) return true;
  fail({core::ErrorCode::internal, "an attempt names an endpoint that is not there", {}});
  return false;
}

bool CommitQueue::push(std::vector<store::Intent> intents) {
  for (const store::Intent& intent : intents)
    if (!knows(intent.endpoint)) return false;
  std::string record = wal::encode(intents, numbers_);
  const std::lock_guard lock(mutex_);
  make_room(intents_, intents.size());
  if (!append_locked(std::move(record))) return false;
  intents_.insert(intents_.end(), intents.begin(), intents.end());
  in_flight_ += intents.size();
  return true;
}

bool CommitQueue::push(store::Results results, Callback applied) {
  for (const store::Settlement& settlement : results.settlements)
    if (!knows(settlement.endpoint)) return false;
  for (const store::BatchRecord& batch : results.batches)
    if (!knows(batch.endpoint)) return false;
  std::string record = wal::encode(results, numbers_);
  std::size_t bytes = 0;
  for (const store::Entry& entry : results.entries) bytes += entry.line.size();
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    make_room(results_);
    make_room(callbacks_);
    if (!append_locked(std::move(record))) return false;
    if (callbacks_.empty()) {
      oldest_ = Clock::now();
      wake = true;
    }
    entries_ += results.entries.size();
    bytes_ += bytes;
    const auto intended = static_cast<std::size_t>(
        std::ranges::count_if(results.settlements, &store::Settlement::intended));
    const std::size_t settled = std::min(in_flight_, intended);
    in_flight_ -= settled;
    results_.push_back(std::move(results));
    callbacks_.push_back(std::move(applied));
    wake = wake || entries_ >= group_ || bytes_ >= kGroupBytes || (settled > 0 && in_flight_ == 0);
  }
  if (wake) changed_.notify_one();
  return true;
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

void CommitQueue::fail(core::Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
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

CommitQueue::Clock::time_point CommitQueue::oldest_due() const {
  return oldest_ + (in_flight_ == 0 ? kIdleDelay : kGroupDelay);
}

bool CommitQueue::due(Clock::time_point now) const {
  if (finishing_) return !callbacks_.empty() || !intents_.empty();
  if (callbacks_.empty()) return false;
  return entries_ >= group_ || bytes_ >= kGroupBytes || now >= oldest_due();
}

CommitQueue::Work CommitQueue::take_locked(Clock::time_point now) {
  Work work;
  work.error = error_;
  if (error_) return work;
  if (due(now)) {
    work.intents.swap(intents_);
    work.results.swap(results_);
    work.callbacks.swap(callbacks_);
    work.applied = log_.last();
    entries_ = bytes_ = 0;
    log_.rotate();
  }
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
  if (!callbacks_.empty()) due = oldest_due();
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
