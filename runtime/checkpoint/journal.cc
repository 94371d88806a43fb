#include "checkpoint/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {

core::Status Journal::commit(std::span<const store::Intent> intents,
                             std::span<const store::Results> results, std::uint64_t applied) {
  state_->take_blocks();
  if (intents.empty() && results.empty() && !unrecorded_) return {};
  state_->job.applied = std::max(state_->job.applied, applied);
  if (auto status = store_->transact([&] { return write(intents, results); }); !status)
    return status;
  if (results.empty()) return {};
  publish();
  for (const FileState::Block& b : state_->blocks())
    if (auto status = index_.add(b.questions, b.number); !status) return status;
  return {};
}

core::Status Journal::write(std::span<const store::Intent> intents,
                            std::span<const store::Results> results) {
  const auto unknown = [] {
    return core::fail(core::ErrorCode::internal, "an attempt names an endpoint that is not there");
  };
  const Ledger& ledger = state_->ledger;
  for (const store::Intent& intent : intents) {
    if (!ledger.knows(intent.endpoint)) return unknown();
    state_->intend(ledger.number(intent.endpoint), intent);
  }
  if (results.empty()) return write_intents();

  for (const store::Results& burst : results) {
    for (const store::Settlement& settlement : burst.settlements) {
      if (!ledger.knows(settlement.endpoint)) return unknown();
      state_->settle(ledger.number(settlement.endpoint), settlement);
    }
    for (const store::BatchRecord& batch : burst.batches) {
      if (!ledger.knows(batch.endpoint)) return unknown();
      state_->batches.put(batch, ledger.number(batch.endpoint));
    }
    for (const store::Entry& entry : burst.entries)
      if (auto status = state_->add(entry, &repeats_); !status) return status;
    if (auto status = write_renamings(burst.renamings); !status) return status;
  }
  if (auto status = state_->close_block(); !status) return status;
  take_day_use();
  take_rows_read();
  return state_->write(*store_);
}

core::Status Journal::write_intents() {
  if (auto status = state_->attempts.write(*store_); !status) return status;
  take_day_use();
  if (auto status = state_->ledger.write(*store_); !status) return status;
  return unrecorded_ ? write_job() : core::Status();
}

core::Status Journal::write_renamings(std::vector<store::Renaming> renamings) {
  std::ranges::sort(renamings, {}, &store::Renaming::block);
  for (auto at = renamings.begin(); at != renamings.end();) {
    const std::int64_t block = at->block;
    auto bytes = store_->keys(block);
    if (!bytes) return std::unexpected(bytes.error());
    auto keys = BlockKeys::decode(std::move(*bytes));
    if (!keys)
      return store::corrupt(store_->path(),
                            fmt::format("the checkpoint is damaged: the keys of block {}", block));
    for (; at != renamings.end() && at->block == block; ++at) apply(*at, *keys);
    std::uint32_t rejects = 0;
    for (std::size_t i = 0; i < keys->size(); ++i) {
      const KeyRecord record = keys->at(i);
      if (record.kind == store::Kind::reject && !record.withdrawn) ++rejects;
    }
    if (auto status = store_->replace_keys(block, rejects, keys->encoded()); !status) return status;
  }
  return {};
}

core::Status Journal::write_job() {
  take_rows_read();
  return store_->put_job(state_->job);
}

void Journal::take_day_use() {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t e = 0; e < day_use_.size(); ++e) {
    if (day_use_[e]) state_->ledger.set_day_use(e, *std::exchange(day_use_[e], std::nullopt));
  }
}

// The job's record is then to be written.
void Journal::take_rows_read() {
  const std::lock_guard lock(mutex_);
  state_->job.rows_read = rows_read(state_->job.answered + state_->job.rejected);
  state_->job.input_complete = run_complete_;
  unrecorded_ = false;
}

core::Result<bool> Journal::project() {
  const auto blocks = state_->take_blocks();
  for (const FileState::Block& b : blocks) {
    if (auto status = projection_.append(b.block.answers, b.block.rejects); !status)
      return std::unexpected(status.error());
    appended_block_ = b.number;
  }
  return !blocks.empty();
}

core::Result<Journal::Extent> Journal::write_out() {
  auto mark = projection_.write_out();
  if (!mark) return std::unexpected(mark.error());
  return Extent{std::move(*mark), appended_block_};
}

core::Status Journal::sync() {
  // Whatever the durability: a recorded position outlives a power cut by chance or by the log's own
  // syncs, and an output with a hole below it would pass for whole.
  return projection_.sync();
}

void Journal::synced(const Extent& extent) {
  state_->job.projected = extent.mark.position;
  state_->job.proof = extent.mark.proof;
  state_->job.projected_block = state_->job.rejects_block = extent.block;
  unrecorded_ = true;
}

core::Status Journal::flush() {
  const auto extent = write_out();
  if (!extent) return std::unexpected(extent.error());
  if (auto status = sync(); !status) return status;
  synced(*extent);
  return {};
}

core::Status Journal::close() {
  // Also where nothing is new: a projection that is gone by now should not pass for written.
  if (auto status = flush(); !status) return status;
  state_->job.boot.clear();
  auto status = store_->transact([&]() -> core::Status {
    if (auto written = state_->attempts.rewrite(*store_); !written) return written;
    take_day_use();
    if (auto written = state_->ledger.write(*store_); !written) return written;
    return write_job();
  });
  if (!status) return status;
  return store_->close();
}

void Journal::publish() {
  const std::lock_guard lock(mutex_);
  account_.rows_answered = state_->job.answered;
  account_.rows_rejected = state_->job.rejected;
  account_.endpoints = state_->ledger.endpoints();
  state_->batches.add_parked(state_->ledger, account_.endpoints);
  account_.batches = state_->batches.all(state_->ledger);
}

std::uint64_t Journal::rows_read(std::uint64_t ended) const {
  const std::uint64_t read = run_complete_ ? run_rows_ : std::max(run_rows_, account_.rows_read);
  return std::max(read, ended);
}

void Journal::set_rows_read(std::uint64_t rows, bool input_complete) {
  const std::lock_guard lock(mutex_);
  run_rows_ = rows;
  run_complete_ = input_complete;
}

void Journal::set_day_use(std::uint32_t endpoint, const store::DayUse& use) {
  const std::lock_guard lock(mutex_);
  if (day_use_.size() <= endpoint) day_use_.resize(endpoint + 1);
  day_use_[endpoint] = use;
}

store::Account Journal::account() const {
  const std::lock_guard lock(mutex_);
  store::Account account = account_;
  account.rows_read = rows_read(account.rows_answered + account.rows_rejected);
  account.input_complete = run_complete_;
  return account;
}

}  // namespace sluice::checkpoint
