// Syncs the write-ahead log for those who wait for it, all that wait at once with one sync: on a thread of
// its own, or on the caller's, where that takes less time than to wake another and be woken.
//
// Threads: sync_here(), when_durable(), stop() and finish() on any. Callbacks run on the syncer's
// thread, in the order of when_durable(), and must not block.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "core/clock.h"
#include "wal/sync_thread.h"

namespace sluice::wal {

class GroupSync {
 public:
  using Callback = std::function<void()>;

  // A disk whose last sync took longer is not waited for by a thread that has other work.
  static constexpr core::Duration kQuick = std::chrono::milliseconds(1);

  // `sync` is the log's. `failed` hears of one that failed, on the thread that it ran on; no
  // callback runs from then on. `clock` must outlive the syncer.
  GroupSync(std::function<core::Status()> sync, std::function<void(core::Error)> failed,
            const core::Clock& clock);

  // Syncs on this thread, unless a sync is under way or the last one was not quick. True: all that
  // was appended before is on the disk.
  [[nodiscard]] bool sync_here();
  // Once all that was appended before is on the disk.
  void when_durable(Callback callback);
  // No callback begins any more, of those that wait neither.
  void stop();
  // The same once those that wait have run; nobody calls when_durable() any more.
  void finish();

 private:
  core::Status timed_sync();
  void synced();
  void end_sync_locked();

  const std::function<core::Status()> sync_;
  const std::function<void(core::Error)> failed_;
  const core::Clock& clock_;
  bool quick_ = true;  // the last sync; of whoever syncs, else guarded by mutex_
  std::mutex mutex_;   // guards what follows
  std::vector<Callback> waiting_;
  std::vector<Callback> under_way_;  // what the sync that runs now is for
  bool syncing_ = false;
  bool stopped_ = false;
  std::condition_variable idle_;
  SyncThread syncer_;  // last: its thread uses all of the above
};

}  // namespace sluice::wal
