// Spans between the thread where events come and the exporter's. Its bound is the size it is made with, and its memory is
// taken at once; what comes while it is full is dropped, and counted. Nobody waits.
//
// Threads: push() one, take() another, the rest any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "telemetry/span_record.h"

namespace sluice::telemetry {

class SpanQueue {
 public:
  explicit SpanQueue(std::size_t most) : records_(most) {}

  // How many wait now; 0: dropped.
  std::size_t push(const SpanRecord& record) {
    const std::lock_guard lock(mutex_);
    if (count_ == records_.size()) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return 0;
    }
    records_[(first_ + count_) % records_.size()] = record;
    return ++count_;
  }

  // The oldest, at most so many.
  std::vector<SpanRecord> take(std::size_t most);

  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;         // guards all but dropped_
  std::vector<SpanRecord> records_;  // a ring
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace sluice::telemetry
