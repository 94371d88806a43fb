#include "checkpoint/committer.h"

#include "core/thread_name.h"

namespace sluice::checkpoint {

Committer::Committer(Journal& journal)
    : journal_(journal),
      syncer_([this] { return journal_.sync(); }, [this] { queue_.synced(); }),
      thread_([this] { run(); }) {}

Committer::~Committer() {
  if (!thread_.joinable()) return;
  queue_.abandon();
  thread_.join();
}

void Committer::on_failure(std::function<void(core::Error)> failed) {
  const std::lock_guard lock(mutex_);
  failed_ = std::move(failed);
}

void Committer::intend(std::vector<Intent> intents, std::function<void()> durable) {
  queue_.push(std::move(intents), std::move(durable));
}

void Committer::commit(Results results, std::function<void()> durable) {
  queue_.push(std::move(results), std::move(durable));
}

void Committer::touch() {
  queue_.touch();
}

void Committer::run() {
  core::name_thread("sluice-commit");
  while (auto work = queue_.take()) {
    core::Status status = work_off(std::move(*work));
    if (status) continue;
    queue_.abandon();
    std::function<void(core::Error)> failed;
    {
      const std::lock_guard lock(mutex_);
      error_ = status.error();
      failed = failed_;
    }
    if (failed) failed(std::move(status.error()));
  }
}

core::Status Committer::work_off(CommitQueue::Work work) {
  if (work.synced) {
    if (auto status = end_sync(); !status) return status;
  }
  if (auto status = journal_.commit(work.intents, work.results); !status) return status;
  if (queue_.abandoned()) return {};
  for (const auto& durable : work.intents_durable) durable();
  for (const auto& durable : work.results_durable) durable();
  const auto projected = journal_.project();
  if (!projected) return std::unexpected(projected.error());
  if (work.record && !syncing_) return start_sync();
  if (work.record || *projected) queue_.touch();
  return {};
}

core::Status Committer::start_sync() {
  const auto extent = journal_.write_out();
  if (!extent) return std::unexpected(extent.error());
  syncing_ = *extent;
  syncer_.start();
  return {};
}

core::Status Committer::end_sync() {
  const Journal::Extent extent = *syncing_;
  syncing_.reset();
  core::Status status = syncer_.wait();
  if (status) journal_.synced(extent);
  return status;
}

core::Status Committer::close() {
  if (thread_.joinable()) {
    queue_.finish();
    thread_.join();
    if (syncing_) {
      if (auto status = end_sync(); !status && !error_) error_ = status.error();
    }
    if (!error_) {
      if (auto status = journal_.close(); !status) error_ = status.error();
    }
  }
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace sluice::checkpoint
