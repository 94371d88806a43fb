// Journal::open(): from the file as the last run left it to one that this run can go on with.
#include <fmt/format.h>

#include "checkpoint/answer_reader.h"
#include "checkpoint/journal.h"
#include "checkpoint/key_feeder.h"
#include "checkpoint/past.h"
#include "checkpoint/recovery.h"

namespace sluice::checkpoint {
namespace {

// From so many rows on, indexes are filled beside each other: below it that takes some 10 ms.
constexpr std::uint64_t kManyRows = 100'000;

std::unexpected<core::Error> damaged(const store::SqliteStore& store, std::string_view what) {
  return store::corrupt(store.path(), fmt::format("the checkpoint is damaged: {}", what));
}

}  // namespace

core::Result<std::unique_ptr<Journal>> Journal::open(std::unique_ptr<store::SqliteStore> store,
                                                     const Options& options, Projection& projection,
                                                     index::HashIndex& index,
                                                     index::SpilledMultiset& done, OldNames* old) {
  if (auto status = store->check(); !status) return std::unexpected(status.error());
  if (auto status = replay(*store, options.directory); !status)
    return std::unexpected(status.error());
  auto state = FileState::load(*store, options.endpoints, options.models);
  if (!state) return std::unexpected(state.error());
  std::unique_ptr<Journal> journal(
      new Journal(std::move(store), std::move(*state), projection, index));
  if (auto status = journal->load(options, done, old); !status)
    return std::unexpected(status.error());
  return journal;
}

Journal::Journal(std::unique_ptr<store::SqliteStore> store, std::unique_ptr<FileState> state,
                 Projection& projection, index::HashIndex& index)
    : store_(std::move(store)),
      projection_(projection),
      index_(index),
      state_(std::move(state)),
      repeats_(*store_, index) {}

core::Status Journal::load(const Options& options, index::SpilledMultiset& done, OldNames* old) {
  store::JobState& job = state_->job;
  bool same = false;
  if (job.generation != 0) {
    const auto fingerprint = store_->fingerprint(job.generation);
    if (!fingerprint) return std::unexpected(fingerprint.error());
    same = *fingerprint == options.fingerprint;
  }
  if (same) {
    if (auto status = done.reserve(job.answered + job.rejected); !status) return status;
  }
  if (auto status = scan(same ? &done : nullptr, old); !status) return status;

  auto past = StoredPast::load(*store_, job, options.boot);
  if (!past) return std::unexpected(past.error());
  if (!same) {
    const std::int64_t generation = job.generation + 1;
    job = {.generation = generation,
           .next_attempt = job.next_attempt,
           .projected = {},
           .proof = {},
           .applied = job.applied,
           .boot = job.boot};
  }
  opened_.resumed = job.answered + job.rejected > 0;
  opened_.done_rows = job.answered + job.rejected;
  if (auto status = project_past(**past); !status) return status;
  if (auto status = begin_run(options, same ? nullptr : past->get()); !status) return status;
  return options.durability == store::Durability::power ? core::Status() : store_->relax();
}

core::Status Journal::scan(index::SpilledMultiset* done, OldNames* old) {
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::vector<core::Hash128> questions;  // of one block
  std::vector<core::Hash128> rows;       // the same
  const bool many = state_->job.answered + state_->job.rejected >= kManyRows;
  KeyFeeder to_index([this](std::span<const core::Hash128> keys,
                            std::int64_t block) { return index_.add(keys, block); },
                     many);
  KeyFeeder to_done(
      [done](std::span<const core::Hash128> keys, std::int64_t) -> core::Status {
        for (const core::Hash128& row : keys)
          if (auto added = done->add(row); !added) return added;
        return {};
      },
      many&& done != nullptr);
  auto status = store_->scan_keys(
      0, [&](std::int64_t block, std::int64_t generation, std::string bytes) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        if (!keys || block <= 0)
          return damaged(*store_, fmt::format("the keys of block {}", block));
        questions.clear();
        rows.clear();
        for (std::size_t i = 0; i < keys->size(); ++i) {
          const KeyRecord record = keys->at(i);
          if (generation == state_->job.generation && !record.withdrawn) {
            ++(record.kind == store::Kind::answer ? answered : rejected);
            if (done != nullptr && !record.old_row) rows.push_back(record.row);
          }
          if (is_indexed(record, state_->models)) questions.push_back(record.question);
        }
        if (old != nullptr) {
          const bool with_rows = done != nullptr && generation == state_->job.generation;
          if (auto added = old->add(block, *keys, with_rows); !added) return added;
        }
        if (auto added = to_done.add(rows, block); !added) return added;
        return to_index.add(questions, block);
      });
  const core::Status done_filled = to_done.finish();
  const core::Status index_filled = to_index.finish();
  for (const core::Status& each : {status, done_filled, index_filled})
    if (!each) return each;
  if (answered != state_->job.answered || rejected != state_->job.rejected)
    return damaged(*store_, "its counts and its blocks disagree");
  return {};
}

core::Status Journal::project_past(Past& past) {
  store::JobState& job = state_->job;
  const store::Position recorded = job.projected;
  const auto stands = projection_.open(recorded, past);
  if (!stands) return std::unexpected(stands.error());
  if (*stands != recorded) {
    if (*stands != store::Position())
      return core::fail(core::ErrorCode::internal,
                        "the output stands neither where it was recorded nor at its beginning");
    // Recorded first, or a crash half way through would find a file as long as the old record.
    job.projected = {};
    job.proof = {};
    job.projected_block = job.rejects_block = 0;
    if (auto status = store_->transact([&] { return store_->put_job(job); }); !status)
      return status;
  }
  appended_block_ = job.projected_block;
  return store_->scan_blocks(
      job.generation, job.projected_block, job.rejects_block,
      [&](std::int64_t block, std::string bytes, std::string_view payload) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        const auto lines = keys ? BlockLines::decode(payload, *keys) : std::nullopt;
        if (!lines) return damaged(*store_, fmt::format("the answers of block {}", block));
        const bool rejects_only = block <= job.projected_block;
        if (!rejects_only) appended_block_ = block;
        return projection_.append(
            rejects_only ? std::string() : lines->standing(*keys, store::Kind::answer),
            lines->standing(*keys, store::Kind::reject));
      });
}

core::Status Journal::begin_run(const Options& options, const StoredPast* left) {
  for (const auto& [attempt, open] : state_->attempts.open()) {
    if (!state_->ledger.maybe_billed(open.endpoint, open.worst_cost, open.worst_usage))
      return store::corrupt(store_->path(), kNoSuchEndpoint);
    ++opened_.maybe_billed;
    opened_.maybe_billed_cost += open.worst_cost;
  }
  state_->attempts.abandon();
  opened_.next_attempt = state_->attempts.next();
  for (std::uint32_t e = 0; e < options.endpoint_options.size(); ++e)
    state_->ledger.set_options(e, options.endpoint_options[e]);
  opened_.spent = state_->ledger.spent();
  opened_.reserved = state_->batches.reserved();
  opened_.batches = state_->batches.all(state_->ledger);
  opened_.day_use = state_->ledger.day_use();
  account_.rows_read = state_->job.rows_read;
  publish();

  if (auto status = flush(); !status) return status;
  state_->job.boot =
      options.durability == store::Durability::process ? options.boot : std::string();
  return store_->transact([&]() -> core::Status {
    if (left != nullptr) {
      if (left->generations() > 0) {
        if (auto status = store_->put_past(left->latest()); !status) return status;
      }
      if (auto status = store_->put_generation(state_->job.generation, options.fingerprint);
          !status)
        return status;
    }
    if (auto status = state_->attempts.rewrite(*store_); !status) return status;
    if (auto status = state_->ledger.write(*store_); !status) return status;
    if (auto status = state_->models.write(*store_); !status) return status;
    return write_job();
  });
}

}  // namespace sluice::checkpoint
