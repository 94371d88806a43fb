#include "checkpoint/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/past.h"
#include "checkpoint/recovery.h"
#include "checkpoint/withdraw.h"
#include "storage/private_files.h"

namespace sluice::checkpoint {

core::Result<std::unique_ptr<Import>> Import::open(const std::string& directory,
                                                   const std::string& job,
                                                   const core::Hash128& fingerprint) {
  if (auto made = storage::make_private_folder(directory); !made)
    return std::unexpected(made.error());
  auto lock = store::JobLock::take(directory, job);
  if (!lock) return std::unexpected(lock.error());
  if (auto whole = refuse_log_without_file(directory); !whole)
    return std::unexpected(whole.error());
  auto store = store::SqliteStore::open(directory);
  if (!store) return std::unexpected(store.error());
  if (auto status = (*store)->check(); !status) return std::unexpected(status.error());
  if (auto status = replay(**store, directory); !status) return std::unexpected(status.error());
  std::unique_ptr<Import> import(new Import(std::move(*lock), std::move(*store)));
  if (auto status = import->load(fingerprint); !status) return std::unexpected(status.error());
  return import;
}

Import::Import(store::JobLock lock, std::unique_ptr<store::SqliteStore> store)
    : lock_(std::move(lock)), store_(std::move(store)) {}

core::Status Import::load(const core::Hash128& fingerprint) {
  auto taken = store_->taken_logs();
  if (!taken) return std::unexpected(taken.error());
  taken_ = std::move(*taken);
  const auto job = store_->job();
  if (!job) return std::unexpected(job.error());
  if (job->generation != 0) {
    const auto stored = store_->fingerprint(job->generation);
    if (!stored) return std::unexpected(stored.error());
    if (*stored == fingerprint) {
      generation_ = job->generation;
      return {};
    }
  }
  generation_ = job->generation + 1;
  return begin_generation(fingerprint);
}

core::Status Import::begin_generation(const core::Hash128& fingerprint) {
  auto job = store_->job();
  if (!job) return std::unexpected(job.error());
  const auto past = StoredPast::load(*store_, *job, {});
  if (!past) return std::unexpected(past.error());
  const store::JobState next = {.generation = job->generation + 1,
                                .next_attempt = job->next_attempt,
                                .projected = {},
                                .proof = {},
                                .applied = job->applied,
                                .boot = job->boot};
  return store_->transact([&]() -> core::Status {
    if ((*past)->generations() > 0) {
      if (auto status = store_->put_past((*past)->latest()); !status) return status;
    }
    if (auto status = store_->put_generation(next.generation, fingerprint); !status) return status;
    return store_->put_job(next);
  });
}

core::Result<bool> Import::begun(const std::string& directory, const core::Hash128& fingerprint) {
  if (!store::SqliteStore::exists(directory)) return false;
  auto store = store::SqliteStore::open_reader(directory);
  if (!store) return std::unexpected(store.error());
  const auto job = (*store)->job();
  if (!job) return std::unexpected(job.error());
  if (job->generation == 0) return false;
  const auto stored = (*store)->fingerprint(job->generation);
  if (!stored) return std::unexpected(stored.error());
  return *stored == fingerprint;
}

bool Import::whole(const std::string& log, std::uint64_t parts) const {
  const auto found = taken_.find(log);
  return found != taken_.end() && found->second.whole && found->second.parts >= parts;
}

void Import::begin(ForeignLog log) {
  log_ = std::move(log);
  last_ = 0;
  open_.clear();
  booked_.clear();
}

core::Result<std::uint32_t> Import::number(std::uint32_t endpoint) const {
  if (const auto found = numbers_.find(endpoint); found != numbers_.end()) return found->second;
  return store::corrupt(store_->path(),
                        "the log " + log_.name + " names an endpoint that it does not have");
}

// As FileState::apply(), but for what is told apart: endpoints and attempts have other numbers here.
core::Status Import::take(const wal::Record& record) {
  for (const store::Intent& sent : record.intents) {
    const auto endpoint = number(sent.endpoint);
    if (!endpoint) return std::unexpected(endpoint.error());
    state_->ledger.count_day_use(*endpoint, sent.worst_usage);
  }
  for (const store::Settlement& settlement : record.results.settlements) {
    const auto endpoint = number(settlement.endpoint);
    if (!endpoint) return std::unexpected(endpoint.error());
    state_->ledger.settle(*endpoint, settlement);
    const auto booked = booked_.find(settlement.attempt);
    if (booked == booked_.end()) continue;
    state_->ledger.not_maybe_billed(*endpoint, booked->second.worst_cost,
                                    booked->second.worst_usage);
    booked_.erase(booked);
  }
  for (const store::BatchRecord& batch : record.results.batches) {
    const auto endpoint = number(batch.endpoint);
    if (!endpoint) return std::unexpected(endpoint.error());
    state_->batches.put(batch, *endpoint);
  }
  if (record.sequence > log_.rows_until) return {};
  for (const store::Entry& entry : record.results.entries)
    if (auto status = state_->add(entry, nullptr); !status) return status;
  return {};
}

core::Status Import::begin_piece() {
  // A failure leaves a state that is of no use: each piece has its own.
  std::vector<std::string> names;
  for (const auto& [number, name] : log_.endpoints) names.push_back(name);
  auto state = FileState::load(*store_, names, {});
  if (!state) return std::unexpected(state.error());
  state_ = std::move(*state);
  numbers_.clear();
  for (std::uint32_t index = 0; const auto& [number, name] : log_.endpoints)
    numbers_.emplace(number, state_->ledger.number(index++));
  return {};
}

core::Status Import::add(std::span<const wal::Record> records) {
  if (auto status = begin_piece(); !status) return status;
  store::TakenLog taken = taken_[log_.name];
  const std::uint64_t before = taken.last;
  for (const wal::Record& record : records) {
    if (last_ != 0 && record.sequence != last_ + 1)
      return store::corrupt(
          store_->path(), fmt::format("record {} of the log {} is missing", last_ + 1, log_.name));
    last_ = record.sequence;
    if (record.sequence > taken.last) {
      if (auto status = take(record); !status) return status;
      taken.last = record.sequence;
      taken.whole = false;
    }
    for (const store::Intent& sent : record.intents) open_[sent.attempt] = sent;
    for (const store::Settlement& settlement : record.results.settlements) {
      open_.erase(settlement.attempt);
      booked_.erase(settlement.attempt);
    }
    if (record.sequence == taken.booked_at) booked_ = open_;
  }
  return taken.last == before ? core::Status() : write(taken);
}

core::Status Import::end() {
  if (!log_.ended) return {};
  if (auto status = begin_piece(); !status) return status;
  for (const auto& [attempt, sent] : open_) {
    if (booked_.contains(attempt)) continue;
    const auto endpoint = number(sent.endpoint);
    if (!endpoint) return std::unexpected(endpoint.error());
    state_->ledger.maybe_billed(*endpoint, sent.worst_cost, sent.worst_usage);
  }
  store::TakenLog taken = taken_[log_.name];
  taken.parts = log_.parts;
  taken.booked_at = taken.last;
  taken.whole = true;
  return write(taken);
}

core::Status Import::withdraw(const std::vector<core::Hash128>& rows, bool applied_already) {
  const std::string name = fmt::format("rows of generation {}", generation_);
  std::uint64_t applied = taken_[name].last;
  if (rows.size() <= applied) return {};
  std::map<core::Hash128, std::uint64_t> left;
  for (; applied < rows.size(); ++applied)
    if (!applied_already) ++left[rows[applied]];
  const store::TakenLog now = {.last = rows.size()};
  const auto withdrawn = withdraw_missing(
      *store_,
      [&](const core::Hash128& row) {
        const auto found = left.find(row);
        if (found == left.end() || found->second == 0) return false;
        --found->second;
        return true;
      },
      [&] { return store_->put_taken_log(name, now); });
  if (!withdrawn) return std::unexpected(withdrawn.error());
  taken_[name] = now;
  return {};
}

core::Status Import::write(const store::TakenLog& taken) {
  if (auto status = state_->close_block(); !status) return status;
  store::JobState& job = state_->job;
  job.rows_read = std::max(job.rows_read, job.answered + job.rejected);
  auto status = store_->transact([&]() -> core::Status {
    if (auto written = state_->write(*store_); !written) return written;
    return store_->put_taken_log(log_.name, taken);
  });
  if (status) taken_[log_.name] = taken;
  return status;
}

core::Status Import::skip(const std::string& log) {
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  const store::TakenLog whole = {.last = kAll, .parts = kAll, .whole = true};
  auto status = store_->transact([&] { return store_->put_taken_log(log, whole); });
  if (status) taken_[log] = whole;
  return status;
}

core::Status Import::set_input_complete() {
  auto job = store_->job();
  if (!job) return std::unexpected(job.error());
  job->input_complete = true;
  return store_->transact([&] { return store_->put_job(*job); });
}

core::Status Import::close() {
  return store_->close();
}

}  // namespace sluice::checkpoint
