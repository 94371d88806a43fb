#include "checkpoint/tail_syncer.h"

#include <utility>

namespace sluice::checkpoint {

TailSyncer::TailSyncer(TailLog& log, std::function<void(core::Error)> failed)
    : failed_(std::move(failed)), syncer_([&log] { return log.sync(); }, [this] { synced(); }) {}

void TailSyncer::when_durable(Callback callback) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  waiting_.push_back(std::move(callback));
  if (std::exchange(syncing_, true)) return;
  under_way_.swap(waiting_);
  syncer_.start();
}

void TailSyncer::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  waiting_.clear();
}

void TailSyncer::finish() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return !syncing_; });
  stopped_ = true;
}

void TailSyncer::synced() {
  core::Status status = syncer_.wait();
  std::vector<Callback> durable;
  {
    const std::lock_guard lock(mutex_);
    if (status && !stopped_) durable.swap(under_way_);
    if (!status) stopped_ = true;
  }
  if (!status) failed_(std::move(status.error()));
  for (const Callback& callback : durable) callback();
  const std::lock_guard lock(mutex_);
  syncing_ = !stopped_ && !waiting_.empty();
  if (!syncing_) return idle_.notify_all();
  under_way_.swap(waiting_);
  syncer_.start();
}

}  // namespace sluice::checkpoint
