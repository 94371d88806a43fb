// Hands keys on to what takes them, in the order in which they come, on a thread of its own: opening
// a checkpoint of many rows fills two indexes, and neither needs to wait for the other.
//
// Threads: make(), add() and finish() on one thread; `take` runs on the feeder's, or within add()
// where there is none: of few keys, or where the system gives no thread.
//
// Invariants:
//   1. `take` gets every call's keys and block, in order, until it returns an error; after that nothing.
//   2. At most kMostWaiting keys wait (16 bytes each, 1 MB); a caller that has more waits.
//   3. What `take` throws is its error.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/hash.h"

namespace sluice::checkpoint {

class KeyFeeder {
 public:
  static constexpr std::size_t kMostWaiting = std::size_t{1} << 16;
  using Take = std::function<core::Status(std::span<const core::Hash128> keys, std::int64_t block)>;

  // `own_thread`: worth one.
  KeyFeeder(Take take, bool own_thread);
  ~KeyFeeder();  // as finish(), but for its result
  KeyFeeder(const KeyFeeder&) = delete;
  KeyFeeder& operator=(const KeyFeeder&) = delete;

  // The error of this or an earlier call.
  core::Status add(std::span<const core::Hash128> keys, std::int64_t block);
  // Until all keys are taken; the first error there was. Nothing is added after it.
  core::Status finish();

 private:
  struct Piece {
    std::size_t count;
    std::int64_t block;
  };
  struct Waiting {
    std::vector<core::Hash128> keys;
    std::vector<Piece> pieces;  // of keys, one behind the other
  };
  void run();
  core::Status take_all(const Waiting& taken) const;

  const Take take_;
  std::mutex mutex_;  // guards what follows, up to thread_
  std::condition_variable changed_;
  Waiting waiting_;
  bool finishing_ = false;
  core::Status status_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::checkpoint
