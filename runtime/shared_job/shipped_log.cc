#include "shared_job/shipped_log.h"

#include <span>
#include <utility>

namespace sluice::shared_job {

core::Result<std::unique_ptr<ShippedLog>> ShippedLog::make(Board& board, WorkerId worker,
                                                           const std::string& directory,
                                                           Rejoin rejoin, Restore restore) {
  const auto last = board.last_chunk(worker);
  if (!last) return std::unexpected(last.error());
  if (*last != 0)
    return core::fail(core::ErrorCode::internal, "a worker's log is begun twice", board.place());
  auto kept = storage::SpillFile::make(directory);
  if (!kept) return std::unexpected(kept.error());
  return std::unique_ptr<ShippedLog>(
      new ShippedLog(board, worker, std::move(*kept), std::move(rejoin), std::move(restore)));
}

ShippedLog::ShippedLog(Board& board, WorkerId worker, storage::SpillFile kept, Rejoin rejoin,
                       Restore restore)
    : board_(board),
      rejoin_(std::move(rejoin)),
      restore_(std::move(restore)),
      worker_(worker),
      connections_(board.connections()),
      kept_(std::move(kept)) {}

void ShippedLog::name_endpoints(wal::EndpointNames names) {
  const std::lock_guard lock(mutex_);
  names_.merge(names);
  names_told_ = false;
}

void ShippedLog::append(std::string_view record) {
  const std::lock_guard lock(mutex_);
  if (pending_.empty() || pending_.back().payer != payer_)
    pending_.push_back({.records = {}, .payer = payer_});
  pending_.back().records.append(record);
  ++appended_;
}

void ShippedLog::set_payer(const std::string& payer) {
  const std::lock_guard lock(mutex_);
  payer_ = payer;
}

core::Status ShippedLog::commit() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = appended_;
  while (committed_ < wanted) {
    if (error_) return std::unexpected(*error_);
    if (busy_) {
      shipped_.wait(lock);
      continue;
    }
    busy_ = true;
    const std::vector<Pending> pending = std::exchange(pending_, {});
    const std::uint64_t upto = appended_;
    lock.unlock();
    core::Status status;
    try {
      for (const Pending& piece : pending)
        if (status) status = ship(piece);
    } catch (...) {
      status = std::unexpected(core::caught());
    }
    lock.lock();
    busy_ = false;
    if (status) committed_ = upto;
    if (!status) error_ = status.error();
    shipped_.notify_all();
  }
  return {};
}

core::Status ShippedLog::keep(const Pending& pending) {
  if (auto status = kept_.append(std::as_bytes(std::span(pending.records))); !status) return status;
  chunks_.push_back({kept_end_, pending.records.size(), pending.payer});
  kept_end_ += pending.records.size();
  return {};
}

core::Result<std::string> ShippedLog::kept(std::size_t chunk) const {
  std::string records(chunks_[chunk].size, '\0');
  auto status = kept_.read(chunks_[chunk].at, std::as_writable_bytes(std::span(records)));
  if (!status) return std::unexpected(status.error());
  return records;
}

// A server that was promoted may lack the last moments of the one before.
core::Status ShippedLog::look_for_losses() {
  if (auto known = restore_(worker_); !known) return known;
  const auto last = board_.last_chunk(worker_);
  if (!last) return std::unexpected(last.error());
  for (std::size_t chunk = *last; chunk + 1 < chunks_.size(); ++chunk) {
    const auto records = kept(chunk);
    if (!records) return std::unexpected(records.error());
    const auto again = board_.append(worker_, chunk + 1, *records, chunks_[chunk].payer);
    if (!again) return std::unexpected(again.error());
    if (*again != Board::Appended::yes) return {};  // ship() meets it too
  }
  return {};
}

void ShippedLog::tell_names_again() {
  const std::lock_guard lock(mutex_);
  names_told_ = false;
}

core::Status ShippedLog::ship(const Pending& pending) {
  if (auto status = keep(pending); !status) return status;
  while (true) {
    wal::EndpointNames names;
    {
      const std::lock_guard lock(mutex_);
      if (!names_told_) names = names_;
      names_told_ = true;
    }
    if (!names.empty())
      if (auto told = board_.name_endpoints(worker_, names); !told) return told;
    if (const std::uint64_t now = board_.connections(); now != std::exchange(connections_, now))
      if (auto status = look_for_losses(); !status) return status;
    const auto appended = board_.append(worker_, chunks_.size(), pending.records, pending.payer);
    if (!appended) return std::unexpected(appended.error());
    if (*appended == Board::Appended::yes) {
      if (board_.connections() == connections_) return {};
      continue;  // lost on the way: this chunk may be there, and those before it not
    }
    if (*appended == Board::Appended::unknown_worker) {
      if (auto status = look_for_losses(); !status) return status;
      tell_names_again();
      continue;
    }
    const auto next = rejoin_(worker_);
    if (!next) return std::unexpected(next.error());
    worker_ = *next;
    chunks_ = {chunks_.back()};
    tell_names_again();
  }
}

}  // namespace sluice::shared_job
