#include "shared_job/shipped_log.h"

#include <algorithm>
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

void ShippedLog::set_sent(std::uint64_t chunks) {
  const std::lock_guard lock(mutex_);
  sent_ = std::min<std::uint64_t>(chunks, chunks_.size());
}

std::uint64_t ShippedLog::sent_of(WorkerId worker) const {
  const std::lock_guard lock(mutex_);
  return worker == worker_ ? sent_ : 0;
}

core::Status ShippedLog::ship(const Pending& pending) {
  if (auto status = keep(pending); !status) return status;
  return send();
}

core::Status ShippedLog::look() {
  std::unique_lock lock(mutex_);
  shipped_.wait(lock, [this] { return !busy_; });
  if (error_) return std::unexpected(*error_);
  busy_ = true;
  lock.unlock();
  core::Status status;
  try {
    connections_ = 0;  // as one that was lost
    status = send();
  } catch (...) {
    status = std::unexpected(core::caught());
  }
  lock.lock();
  busy_ = false;
  shipped_.notify_all();
  return status;
}

// A server that was promoted may lack the last moments of the one before.
core::Status ShippedLog::find_losses() {
  connections_ = board_.connections();
  if (auto known = restore_(worker_); !known) return known;
  const auto last = board_.last_chunk(worker_);
  if (!last) return std::unexpected(last.error());
  set_sent(*last);
  const std::lock_guard lock(mutex_);
  names_told_ = false;
  return {};
}

core::Status ShippedLog::tell_names() {
  wal::EndpointNames names;
  {
    const std::lock_guard lock(mutex_);
    if (!names_told_) names = names_;
    names_told_ = true;
  }
  return names.empty() ? core::Status() : board_.name_endpoints(worker_, names);
}

// With what the server has not of this one: that others have taken its rows is no reason to lose what it has paid for.
core::Status ShippedLog::go_on_as_another() {
  const auto last = board_.last_chunk(worker_);
  if (!last) return std::unexpected(last.error());
  const auto next = rejoin_(worker_);
  if (!next) return std::unexpected(next.error());
  chunks_.erase(chunks_.begin(),
                chunks_.begin() + static_cast<std::ptrdiff_t>(std::min(*last, chunks_.size())));
  const std::lock_guard lock(mutex_);
  worker_ = *next;
  sent_ = 0;
  names_told_ = false;
  return {};
}

core::Status ShippedLog::send() {
  while (true) {
    if (board_.connections() != connections_) {
      if (auto found = find_losses(); !found) return found;
      continue;  // all of it by one connection
    }
    if (auto told = tell_names(); !told) return told;
    if (sent_ == chunks_.size()) {
      if (board_.connections() == connections_) return {};
      continue;
    }
    const auto records = kept(sent_);
    if (!records) return std::unexpected(records.error());
    const auto appended = board_.append(worker_, sent_ + 1, *records, chunks_[sent_].payer);
    if (!appended) return std::unexpected(appended.error());
    core::Status status;
    switch (*appended) {
      case Board::Appended::yes:
        // By another connection it may be another server, which is asked how far it has come.
        if (board_.connections() == connections_) set_sent(sent_ + 1);
        break;
      case Board::Appended::gap:
      case Board::Appended::unknown_worker:
        status = find_losses();
        break;
      case Board::Appended::not_alive:
        status = go_on_as_another();
        break;
    }
    if (!status) return status;
  }
}

}  // namespace sluice::shared_job
