#include "wal/group_sync.h"

#include <utility>

namespace sluice::wal {

GroupSync::GroupSync(std::function<core::Status()> sync, std::function<void(core::Error)> failed,
                     const core::Clock& clock)
    : sync_(std::move(sync)),
      failed_(std::move(failed)),
      clock_(clock),
      syncer_([this] { return timed_sync(); }, [this] { synced(); }) {}

core::Status GroupSync::timed_sync() {
  const core::Time started = clock_.now();
  core::Status status = sync_();
  quick_ = clock_.now() - started < kQuick;
  return status;
}

bool GroupSync::sync_here() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || syncing_ || !quick_) return false;
    syncing_ = true;
  }
  core::Status status = timed_sync();
  if (!status) failed_(std::move(status.error()));
  const std::lock_guard lock(mutex_);
  stopped_ = stopped_ || !status;
  end_sync_locked();
  return !stopped_;
}

void GroupSync::when_durable(Callback callback) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  waiting_.push_back(std::move(callback));
  if (std::exchange(syncing_, true)) return;
  under_way_.swap(waiting_);
  syncer_.start();
}

void GroupSync::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  waiting_.clear();
}

void GroupSync::finish() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return !syncing_; });
  stopped_ = true;
}

void GroupSync::synced() {
  core::Status status = syncer_.wait();
  std::vector<Callback> durable;
  {
    const std::lock_guard lock(mutex_);
    if (status && !stopped_) durable.swap(under_way_);
  }
  try {
    for (const Callback& callback : durable) callback();
  } catch (...) {  // for want of memory: what waits for it would wait for ever
    status = std::unexpected(core::caught());
  }
  if (!status) {
    stop();
    failed_(std::move(status.error()));
  }
  const std::lock_guard lock(mutex_);
  end_sync_locked();
}

void GroupSync::end_sync_locked() {
  syncing_ = !stopped_ && !waiting_.empty();
  if (!syncing_) return idle_.notify_all();
  under_way_.swap(waiting_);
  syncer_.start();
}

}  // namespace sluice::wal
