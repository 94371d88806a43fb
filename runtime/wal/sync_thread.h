// One sync at a time, on a thread of its own, so that its caller need not stand still meanwhile.
//
// Threads: start() and wait() on one thread at a time, which may be the syncer's own in `synced`.
// `sync` and, once its result is there, `synced` run on the syncer's, which lives until the
// destructor; that waits for a sync under way. What `sync` throws is how it went; `synced` does not
// throw.
#pragma once

#include <atomic>
#include <functional>
#include <semaphore>
#include <thread>

#include "core/error.h"

namespace sluice::wal {

class SyncThread {
 public:
  SyncThread(std::function<core::Status()> sync, std::function<void()> synced);
  ~SyncThread();
  SyncThread(const SyncThread&) = delete;
  SyncThread& operator=(const SyncThread&) = delete;

  // Each is followed by one wait() before the next.
  void start();
  // Until the sync that was started is over; how it went.
  core::Status wait();

 private:
  void run();

  const std::function<core::Status()> sync_;
  const std::function<void()> synced_;
  std::counting_semaphore<2> wanted_{0};  // a sync and the end
  std::binary_semaphore over_{0};
  std::atomic<bool> ending_ = false;
  core::Status status_;  // the syncer's until over_, then the caller's
  std::thread thread_;   // last: it uses all of the above
};

}  // namespace sluice::wal
