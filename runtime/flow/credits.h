// Backpressure. Every row between the reader and its commit holds credits: one row and its bytes.
// The reader waits when they are spent; each row's credits come back when it is committed or
// released. So memory does not depend on the input's size, nor on a slow endpoint, nor on a slow
// sink.
//
// What a row costs is not known before it is in the flow: its prompt is made there, and its reply
// comes there. So the reader takes what it expects, settle() puts what it is in its place, and
// change() what becomes of it. Neither waits: bytes may be overdrawn, and then the reader waits
// until they are not. Only so many batches may be in the flow unsettled, which bounds that.
//
// Threads: take() and close() from the reader's thread alone; all else from any.
//
// Invariants:
//   1. At most `rows` rows are in the flow, and nothing enters while that would make more than
//      `bytes` bytes, except that a batch larger than either limit enters when the flow is empty:
//      so one row may be larger than all there is, and the flow never stands still for it.
//   2. on_empty runs exactly once: when close() has been called and the last credit is back, or at
//      abandon().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>

namespace sluice::flow {

struct Cost {
  std::size_t rows = 0;
  std::size_t bytes = 0;
  Cost& operator+=(const Cost& o) {
    rows += o.rows;
    bytes += o.bytes;
    return *this;
  }
};

class Credits {
 public:
  // Batches. A reader that had to wait goes on when few are left, and then has some to do.
  static constexpr std::size_t kUnsettled = 8;
  static constexpr std::size_t kUnsettledToGoOn = 3;

  Credits(Cost limit, std::function<void()> on_empty)
      : limit_(limit), on_empty_(std::move(on_empty)) {}

  enum class Taken { yes, timeout, closed };
  // Waits until `weight` fits, or `patience` is over, or the credits are closed or abandoned.
  Taken take(Cost weight, std::chrono::milliseconds timeout);
  // What one take() took turns out to be so many bytes.
  void settle(Cost taken, std::size_t bytes);
  // What is held of settled rows was `from` bytes and is `to` bytes now.
  void change(std::size_t from, std::size_t to);
  // Of settled rows.
  void give(Cost weight);
  // No more rows come: the reader is done, or told to stop.
  void close();
  // The run cannot go on: whatever is still out will not come back.
  void abandon();

  Cost out() const;
  // Somebody waits in take() for credits that are not there: without some that come back, nothing
  // comes of it but its timeout.
  bool waited_for() const;

 private:
  bool may_enter(Cost weight, std::size_t unsettled) const;
  void wake();
  void finish_if_empty(std::unique_lock<std::mutex>& lock);

  const Cost limit_;
  const std::function<void()> on_empty_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable returned_;
  Cost out_;
  std::size_t unsettled_ = 0;
  std::optional<Cost> wanted_;  // what the reader waits for
  bool closed_ = false;
  bool finished_ = false;
};

}  // namespace sluice::flow
