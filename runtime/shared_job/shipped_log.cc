#include "shared_job/shipped_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "storage/disk_error.h"

namespace sluice::shared_job {

core::Result<std::unique_ptr<ShippedLog>> ShippedLog::make(Board& board, WorkerId worker,
                                                           const std::string& kept, Rejoin rejoin,
                                                           Restore restore) {
  const auto last = board.last_chunk(worker);
  if (!last) return std::unexpected(last.error());
  if (*last != 0)
    return core::fail(core::ErrorCode::internal, "a worker's log is begun twice", board.place());
  const int fd = ::open(kept.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return storage::disk_failed("open", errno, kept);
  return std::unique_ptr<ShippedLog>(
      new ShippedLog(board, worker, fd, std::move(rejoin), std::move(restore)));
}

ShippedLog::ShippedLog(Board& board, WorkerId worker, int kept, Rejoin rejoin, Restore restore)
    : board_(board),
      rejoin_(std::move(rejoin)),
      restore_(std::move(restore)),
      kept_(kept),
      worker_(worker),
      connections_(board.connections()) {}

ShippedLog::~ShippedLog() {
  ::close(kept_);
}

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
    for (const Pending& piece : pending) {
      ++counts_.commits;
      counts_.bytes += piece.records.size();
    }
    shipped_.notify_all();
  }
  return {};
}

ShippedLog::Counts ShippedLog::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

core::Status ShippedLog::keep(const Pending& pending) {
  std::uint64_t at = kept_end_;
  for (std::string_view rest = pending.records; !rest.empty();) {
    const ssize_t written = ::pwrite(kept_, rest.data(), rest.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return storage::disk_failed("write", errno, "shared.log");
    rest.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  chunks_.push_back({kept_end_, pending.records.size(), pending.payer});
  kept_end_ = at;
  return {};
}

core::Result<std::string> ShippedLog::kept(std::size_t chunk) const {
  std::string records(chunks_[chunk].size, '\0');
  for (std::size_t done = 0; done < records.size();) {
    const ssize_t read = ::pread(kept_, records.data() + done, records.size() - done,
                                 static_cast<off_t>(chunks_[chunk].at + done));
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) return storage::disk_failed("read", read < 0 ? errno : EIO, "shared.log");
    done += static_cast<std::size_t>(read);
  }
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
      if (const std::lock_guard lock(mutex_); true) names_told_ = false;
      continue;
    }
    const auto next = rejoin_(worker_);
    if (!next) return std::unexpected(next.error());
    worker_ = *next;
    chunks_ = {chunks_.back()};
    const std::lock_guard lock(mutex_);
    names_told_ = false;
  }
}

}  // namespace sluice::shared_job
