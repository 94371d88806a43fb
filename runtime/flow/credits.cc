#include "flow/credits.h"

namespace sluice::flow {

Credits::Taken Credits::take(Cost weight, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!closed_ && !may_enter(weight, kUnsettled)) {
    wanted_ = weight;
    returned_.wait_for(lock, timeout,
                       [&] { return closed_ || may_enter(weight, kUnsettledToGoOn); });
    wanted_.reset();
  }
  if (closed_) return Taken::closed;
  if (!may_enter(weight, kUnsettled)) return Taken::timeout;
  out_.rows += weight.rows;
  out_.bytes += weight.bytes;
  ++unsettled_;
  return Taken::yes;
}

bool Credits::may_enter(Cost weight, std::size_t unsettled) const {
  const bool fits =
      out_.rows + weight.rows <= limit_.rows && out_.bytes + weight.bytes <= limit_.bytes;
  return unsettled_ < unsettled && (fits || out_.rows == 0);
}

// A reader that is woken to find that it must wait on costs more than all else here.
void Credits::wake() {
  if (wanted_ && may_enter(*wanted_, kUnsettledToGoOn)) returned_.notify_one();
}

void Credits::settle(Cost taken, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  out_.bytes += bytes - taken.bytes;  // modulo 2^64: it may be less
  --unsettled_;
  wake();
}

void Credits::change(std::size_t from, std::size_t to) {
  if (from == to) return;
  const std::lock_guard lock(mutex_);
  out_.bytes += to - from;
  wake();
}

void Credits::give(Cost weight) {
  std::unique_lock lock(mutex_);
  out_.rows -= weight.rows;
  out_.bytes -= weight.bytes;
  wake();
  finish_if_empty(lock);
}

void Credits::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  returned_.notify_one();
  finish_if_empty(lock);
}

void Credits::abandon() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  returned_.notify_one();
  if (finished_) return;
  finished_ = true;
  lock.unlock();
  on_empty_();
}

void Credits::finish_if_empty(std::unique_lock<std::mutex>& lock) {
  if (!closed_ || finished_ || out_.rows != 0) return;
  finished_ = true;
  lock.unlock();
  on_empty_();
}

bool Credits::waited_for() const {
  const std::lock_guard lock(mutex_);
  return wanted_ && !closed_ && !may_enter(*wanted_, kUnsettledToGoOn);
}

Cost Credits::out() const {
  std::lock_guard lock(mutex_);
  return out_;
}

}  // namespace sluice::flow
