#include "checkpoint/committer.h"

#include "core/thread_name.h"

namespace sluice::checkpoint {
namespace {

// So many intents go out in the time that a sync and the wake-ups around it take. With more, the
// caller has better things to do meanwhile.
constexpr std::size_t kFewIntents = 32;

}  // namespace

Committer::Committer(Journal& journal, std::unique_ptr<wal::WriteAheadLog> log,
                     const Options& options)
    : journal_(journal),
      log_(std::move(log)),
      shared_(options.shared_log),
      queue_(*log_, journal.endpoint_numbers(), options.group_entries),
      group_sync_(
          options.durability == store::Durability::process && shared_ == nullptr
              ? nullptr
              : std::make_unique<wal::GroupSync>(
                    [this, durability = options.durability] { return sync_log(durability); },
                    [this](core::Error error) { queue_.fail(std::move(error)); }, clock_)),
      projection_sync_([this] { return journal_.sync(); }, [this] { queue_.synced(); }),
      thread_([this] { run(); }) {
  if (shared_ == nullptr) return;
  wal::EndpointNames names;
  const std::vector<std::uint32_t> numbers = journal.endpoint_numbers();
  for (std::size_t e = 0; e < numbers.size(); ++e) names.emplace(numbers[e], options.endpoints[e]);
  shared_->name_endpoints(std::move(names));
}

Committer::~Committer() {
  if (!thread_.joinable()) return;
  abandon();
  thread_.join();
}

void Committer::abandon() {
  queue_.abandon();
  if (group_sync_) group_sync_->stop();
}

void Committer::on_failure(std::function<void(core::Error)> failed) {
  const std::lock_guard lock(mutex_);
  failed_ = std::move(failed);
}

bool Committer::intend(std::vector<store::Intent> intents, std::function<void()> durable) {
  const bool few = intents.size() <= kFewIntents;
  if (!queue_.push(std::move(intents))) return false;
  if (!group_sync_) return true;  // with the operating system, which outlives the process
  // A shared log is a network away, and may be gone for minutes: no I/O thread waits for it.
  if (few && shared_ == nullptr && group_sync_->sync_here()) return true;
  group_sync_->when_durable(std::move(durable));
  return false;
}

void Committer::commit(store::Results results, std::function<void()> durable) {
  queue_.push(std::move(results), std::move(durable));
}

void Committer::touch() {
  queue_.touch();
}

void Committer::run() {
  core::name_thread("sluice-commit");
  while (auto work = queue_.take()) {
    core::Status status;
    try {
      status = work_off(std::move(*work));
    } catch (...) {
      status = std::unexpected(core::caught());
    }
    if (status) continue;
    abandon();
    std::function<void(core::Error)> failed;
    {
      const std::lock_guard lock(mutex_);
      error_ = status.error();
      failed = failed_;
    }
    if (failed) failed(std::move(status.error()));
  }
}

core::Status Committer::sync_log(store::Durability durability) {
  if (durability == store::Durability::power) {
    if (auto status = log_->sync(); !status) return status;
  }
  return shared_ == nullptr ? core::Status() : shared_->commit();
}

core::Status Committer::work_off(CommitQueue::Work work) {
  if (work.error) return std::unexpected(*work.error);
  core::Status status = work.synced ? end_sync() : core::Status();
  if (status) status = journal_.commit(work.intents, work.results, work.applied);
  if (status && shared_ != nullptr && !work.callbacks.empty()) status = shared_->commit();
  if (!status || queue_.abandoned()) return status;
  for (const auto& callback : work.callbacks) callback();
  const auto new_lines = journal_.project();
  if (!new_lines) return std::unexpected(new_lines.error());
  return record(work.record, *new_lines);
}

core::Status Committer::record(bool due, bool new_lines) {
  if (due && !syncing_) return start_sync();
  if (due || new_lines) queue_.touch();  // one sync at a time: after kRecordInterval again
  return {};
}

core::Status Committer::start_sync() {
  const auto extent = journal_.write_out();
  if (!extent) return std::unexpected(extent.error());
  syncing_ = *extent;
  projection_sync_.start();
  return {};
}

core::Status Committer::end_sync() {
  const Journal::Extent extent = *syncing_;
  syncing_.reset();
  core::Status status = projection_sync_.wait();
  if (status) journal_.synced(extent);
  return status;
}

core::Status Committer::close() {
  if (thread_.joinable()) {
    queue_.finish();
    thread_.join();
    if (group_sync_) group_sync_->finish();
    if (syncing_) {
      if (auto status = end_sync(); !status && !error_) error_ = status.error();
    }
    if (!error_) {
      if (auto status = journal_.close(); !status) {
        error_ = status.error();
      } else {
        log_->remove();
      }
    }
  }
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace sluice::checkpoint
