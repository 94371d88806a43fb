#include "checkpoint/committer.h"

#include "core/thread_name.h"

namespace sluice::checkpoint {

Committer::Committer(Journal& journal) : journal_(journal), thread_([this] { run(); }) {}

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
  if (auto status = journal_.commit(work.intents, work.results); !status) return status;
  if (queue_.abandoned()) return {};
  for (const auto& durable : work.intents_durable) durable();
  for (const auto& durable : work.results_durable) durable();
  const auto projected = journal_.project();
  if (!projected) return std::unexpected(projected.error());
  if (work.record) return journal_.record();
  if (*projected) queue_.touch();
  return {};
}

core::Status Committer::close() {
  if (thread_.joinable()) {
    queue_.finish();
    thread_.join();
    if (!error_) {
      if (auto status = journal_.close(); !status) error_ = status.error();
    }
  }
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace sluice::checkpoint
