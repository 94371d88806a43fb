// Syncs the tail log for those who wait for it, all that wait at once with one sync.
//
// Threads: when_durable(), stop() and finish() on any. Callbacks run on a thread of the syncer's
// own, in the order of when_durable(), and must not block.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "checkpoint/syncer.h"
#include "checkpoint/tail_log.h"

namespace sluice::checkpoint {

class TailSyncer {
 public:
  using Callback = std::function<void()>;

  // `failed` hears of a sync that failed, on the syncer's thread; no callback runs from then on.
  TailSyncer(TailLog& log, std::function<void(core::Error)> failed);

  // Once all that was appended before is on the disk.
  void when_durable(Callback callback);
  // No callback begins any more, of those that wait neither.
  void stop();
  // The same once those that wait have run; nobody calls when_durable() any more.
  void finish();

 private:
  void synced();

  const std::function<void(core::Error)> failed_;
  std::mutex mutex_;  // guards what follows
  std::vector<Callback> waiting_;
  std::vector<Callback> under_way_;  // what the sync that runs now is for
  bool syncing_ = false;
  bool stopped_ = false;
  std::condition_variable idle_;
  Syncer syncer_;  // last: its thread uses all of the above
};

}  // namespace sluice::checkpoint
