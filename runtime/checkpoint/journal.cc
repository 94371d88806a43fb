#include "checkpoint/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {

core::Status Journal::commit(std::span<const store::Intent> intents,
                             std::span<const store::Results> results, std::uint64_t folded) {
  written_.clear();
  if (intents.empty() && results.empty() && !unrecorded_) return {};
  job_.folded = std::max(job_.folded, folded);
  if (auto status = store_->transact([&] { return write(intents, results); }); !status)
    return status;
  if (results.empty()) return {};
  publish();
  for (const Written& w : written_)
    if (auto status = index_.add(w.questions, w.number); !status) return status;
  return {};
}

core::Status Journal::write(std::span<const store::Intent> intents,
                            std::span<const store::Results> results) {
  const auto unknown = [] {
    return core::fail(core::ErrorCode::internal, "an attempt names an endpoint that is not there");
  };
  for (const store::Intent& intent : intents) {
    if (!ledger_.knows(intent.endpoint)) return unknown();
    attempts_.intend(intent.attempt,
                     {ledger_.number(intent.endpoint), intent.worst_cost, intent.worst_usage});
  }
  if (results.empty()) {
    if (auto status = attempts_.write(*store_); !status) return status;
    if (auto status = write_ledger(); !status) return status;
    return unrecorded_ ? write_job() : core::Status();
  }

  for (const store::Results& burst : results) {
    for (const store::Settlement& settlement : burst.settlements) {
      if (!ledger_.knows(settlement.endpoint)) return unknown();
      attempts_.settle(settlement.attempt);
      ledger_.settle(settlement);
    }
    for (const store::Entry& entry : burst.entries)
      if (auto status = write_entry(entry); !status) return status;
    if (auto status = write_renamings(burst.renamings); !status) return status;
  }
  if (!builder_.empty()) {
    if (auto status = write_block(); !status) return status;
  }
  if (auto status = attempts_.write_and_compact(*store_); !status) return status;
  if (auto status = write_ledger(); !status) return status;
  if (auto status = models_.write(*store_); !status) return status;
  return write_job();
}

core::Status Journal::write_ledger() {
  {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t e = 0; e < day_use_.size(); ++e) {
      if (day_use_[e]) ledger_.set_day_use(e, *std::exchange(day_use_[e], std::nullopt));
    }
  }
  return ledger_.write(*store_);
}

core::Status Journal::write_entry(const store::Entry& entry) {
  if (entry.kind == store::Kind::reject) {
    builder_.add(entry, 0, false);
  } else {
    const std::uint32_t model = models_.number(entry.model);
    if (model > kMaxModelId)
      return core::fail(core::ErrorCode::internal, "the job has had too many models");
    bool repeat = false;
    if (entry.question != core::Hash128() && models_.valid(model) != nullptr) {
      if (!entry.fresh) {
        const auto seen = repeats_.is_repeat(entry.question, model);
        if (!seen) return std::unexpected(seen.error());
        repeat = *seen;
      }
      if (!repeat) questions_.push_back(entry.question);
    }
    builder_.add(entry, model, repeat);
  }
  return builder_.full() ? write_block() : core::Status();
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

core::Status Journal::write_block() {
  auto block = builder_.finish();
  if (!block) return std::unexpected(block.error());
  written_.push_back({++last_block_, std::move(*block), std::move(questions_)});
  questions_.clear();
  const Written& w = written_.back();
  job_.answered += w.block.answers_count;
  job_.rejected += w.block.rejects_count;
  return store_->put_block(w.number, job_.generation, w.block.answers_count, w.block.rejects_count,
                           w.block.keys, w.block.payload);
}

core::Status Journal::write_job() {
  job_.next_attempt = attempts_.next();
  {
    const std::lock_guard lock(mutex_);
    job_.rows_read = rows_read(job_.answered + job_.rejected);
    job_.input_complete = run_complete_;
  }
  unrecorded_ = false;
  return store_->put_job(job_);
}

core::Result<bool> Journal::project() {
  for (const Written& w : written_) {
    if (auto status = projection_.append(w.block.answers, w.block.rejects); !status)
      return std::unexpected(status.error());
    appended_block_ = w.number;
  }
  const bool any = !written_.empty();
  written_.clear();
  return any;
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
  job_.projected = extent.mark.position;
  job_.proof = extent.mark.proof;
  job_.projected_block = job_.rejects_block = extent.block;
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
  job_.boot.clear();
  auto status = store_->transact([&]() -> core::Status {
    if (auto written = attempts_.rewrite(*store_); !written) return written;
    if (auto written = write_ledger(); !written) return written;
    return write_job();
  });
  if (!status) return status;
  return store_->close();
}

void Journal::publish() {
  const std::lock_guard lock(mutex_);
  account_.rows_answered = job_.answered;
  account_.rows_rejected = job_.rejected;
  account_.endpoints = ledger_.endpoints();
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
