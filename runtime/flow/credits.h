// Backpressure. Every row between the reader and its commit holds credits: one row and its bytes.
// The reader waits when they are spent; each row's credits come back when it is committed or
// released. So memory does not depend on the input's size, nor on a slow endpoint, nor on a slow
// sink.
//
// Threads: take() and close() from the reader's thread alone; give() and abandon() from any.
//
// Invariants:
//   1. At most `rows` rows and `bytes` bytes are in the flow, except that a batch larger than
//   either
//      limit enters when the flow is empty.
//   2. on_empty runs exactly once: when close() has been called and the last credit is back, or at
//      abandon().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

namespace sluice::flow {

struct Weight {
  std::size_t rows = 0;
  std::size_t bytes = 0;
  Weight& operator+=(const Weight& o) {
    rows += o.rows;
    bytes += o.bytes;
    return *this;
  }
};

class Credits {
 public:
  Credits(Weight limit, std::function<void()> on_empty)
      : limit_(limit), on_empty_(std::move(on_empty)) {}

  enum class Taken { yes, timeout, closed };
  // Waits until `weight` fits, or `patience` is over, or the credits are closed or abandoned.
  Taken take(Weight weight, std::chrono::milliseconds patience);
  void give(Weight weight);
  // No more rows come: the reader is done, or told to stop.
  void close();
  // The run cannot go on: whatever is still out will not come back.
  void abandon();

  Weight out() const;

 private:
  void finish_if_empty(std::unique_lock<std::mutex>& lock);

  const Weight limit_;
  const std::function<void()> on_empty_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable returned_;
  Weight out_;
  bool closed_ = false;
  bool finished_ = false;
};

}  // namespace sluice::flow
