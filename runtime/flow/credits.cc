#include "flow/credits.h"

namespace sluice::flow {

Credits::Taken Credits::take(Weight weight, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const bool ready = returned_.wait_for(lock, patience, [&] {
    const bool fits =
        out_.rows + weight.rows <= limit_.rows && out_.bytes + weight.bytes <= limit_.bytes;
    return closed_ || (unsettled_ < kUnsettled && (fits || out_.rows == 0));
  });
  if (closed_) return Taken::closed;
  if (!ready) return Taken::timeout;
  out_.rows += weight.rows;
  out_.bytes += weight.bytes;
  ++unsettled_;
  return Taken::yes;
}

void Credits::settle(Weight taken, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  out_.bytes += bytes - taken.bytes;  // modulo 2^64: it may be less
  --unsettled_;
  returned_.notify_one();
}

void Credits::change(std::size_t from, std::size_t to) {
  if (from == to) return;
  const std::lock_guard lock(mutex_);
  // To wake the reader costs more than all else here, and with half of the bytes free it hardly
  // waits for bytes; if it does, take() looks again after its patience.
  const bool scarce = out_.bytes > limit_.bytes / 2;
  out_.bytes += to - from;
  if (to < from && scarce) returned_.notify_one();
}

void Credits::give(Weight weight) {
  std::unique_lock lock(mutex_);
  out_.rows -= weight.rows;
  out_.bytes -= weight.bytes;
  returned_.notify_one();
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

Weight Credits::out() const {
  std::lock_guard lock(mutex_);
  return out_;
}

}  // namespace sluice::flow
