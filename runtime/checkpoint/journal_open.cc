// Journal::open(): from the file as the last run left it to one that this run can go on with.
#include <fmt/format.h>

#include "checkpoint/answer_reader.h"
#include "checkpoint/journal.h"
#include "checkpoint/past.h"
#include "checkpoint/recovery.h"

namespace sluice::checkpoint {
namespace {

std::unexpected<core::Error> damaged(const store::SqliteStore& store, std::string_view what) {
  return store::corrupt(store.path(), fmt::format("the checkpoint is damaged: {}", what));
}

}  // namespace

core::Result<std::unique_ptr<Journal>> Journal::open(std::unique_ptr<store::SqliteStore> store,
                                                     const Options& options, Projection& projection,
                                                     index::HashIndex& index,
                                                     index::SpilledMultiset& done, OldNames* old) {
  if (auto status = store->check(); !status) return std::unexpected(status.error());
  if (auto status = absorb(*store, options.directory); !status)
    return std::unexpected(status.error());
  auto endpoints = store->endpoints();
  if (!endpoints) return std::unexpected(endpoints.error());
  const auto models = store->models();
  if (!models) return std::unexpected(models.error());
  std::unique_ptr<Journal> journal(new Journal(std::move(store), projection, index,
                                               Ledger(std::move(*endpoints), options.endpoints),
                                               Models(*models, options.models)));
  if (auto status = journal->load(options, done, old); !status)
    return std::unexpected(status.error());
  return journal;
}

Journal::Journal(std::unique_ptr<store::SqliteStore> store, Projection& projection,
                 index::HashIndex& index, Ledger ledger, Models models)
    : store_(std::move(store)),
      projection_(projection),
      index_(index),
      ledger_(std::move(ledger)),
      models_(std::move(models)),
      repeats_(*store_, index) {}

core::Status Journal::load(const Options& options, index::SpilledMultiset& done, OldNames* old) {
  const auto job = store_->job();
  if (!job) return std::unexpected(job.error());
  job_ = *job;
  if (auto status = attempts_.load(*store_, job_.next_attempt); !status) return status;

  bool same = false;
  if (job_.generation != 0) {
    const auto fingerprint = store_->fingerprint(job_.generation);
    if (!fingerprint) return std::unexpected(fingerprint.error());
    same = *fingerprint == options.fingerprint;
  }
  if (same) {
    if (auto status = done.reserve(job_.answered + job_.rejected); !status) return status;
  }
  if (auto status = scan(same ? &done : nullptr, old); !status) return status;

  auto past = StoredPast::load(*store_, job_, options.boot);
  if (!past) return std::unexpected(past.error());
  if (!same) {
    const std::int64_t generation = job_.generation + 1;
    job_ = {.generation = generation,
            .next_attempt = job_.next_attempt,
            .projected = {},
            .proof = {},
            .folded = job_.folded,
            .boot = job_.boot};
  }
  opened_.resumed = job_.answered + job_.rejected > 0;
  opened_.done_rows = job_.answered + job_.rejected;
  if (auto status = replay(**past); !status) return status;
  if (auto status = begin_run(options, same ? nullptr : past->get()); !status) return status;
  return options.durability == store::Durability::power ? core::Status() : store_->relax();
}

core::Status Journal::scan(index::SpilledMultiset* done, OldNames* old) {
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  auto status = store_->scan_keys(
      0, [&](std::int64_t block, std::int64_t generation, std::string bytes) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        if (!keys || block <= 0)
          return damaged(*store_, fmt::format("the keys of block {}", block));
        last_block_ = block;
        questions_.clear();
        for (std::size_t i = 0; i < keys->size(); ++i) {
          const KeyRecord record = keys->at(i);
          if (record.withdrawn) continue;
          if (generation == job_.generation) {
            ++(record.kind == store::Kind::answer ? answered : rejected);
            if (done != nullptr && !record.old_row) {
              if (auto added = done->add(record.row); !added) return added;
            }
          }
          if (is_indexed(record, models_)) questions_.push_back(record.question);
        }
        if (old != nullptr) {
          const bool rows = done != nullptr && generation == job_.generation;
          if (auto added = old->add(block, *keys, rows); !added) return added;
        }
        return index_.add(questions_, block);
      });
  questions_.clear();
  if (!status) return status;
  if (answered != job_.answered || rejected != job_.rejected)
    return damaged(*store_, "its counts and its blocks disagree");
  return {};
}

core::Status Journal::replay(Past& past) {
  const store::Position recorded = job_.projected;
  const auto stands = projection_.open(recorded, past);
  if (!stands) return std::unexpected(stands.error());
  if (*stands != recorded) {
    if (*stands != store::Position())
      return core::fail(core::ErrorCode::internal,
                        "the output stands neither where it was recorded nor at its beginning");
    // Recorded first, or a crash half way through would find a file as long as the old record.
    job_.projected = {};
    job_.proof = {};
    job_.projected_block = job_.rejects_block = 0;
    if (auto status = store_->transact([&] { return store_->put_job(job_); }); !status)
      return status;
  }
  appended_block_ = job_.projected_block;
  return store_->scan_blocks(
      job_.generation, job_.projected_block, job_.rejects_block,
      [&](std::int64_t block, std::string bytes, std::string_view payload) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        const auto lines = keys ? BlockLines::decode(payload, *keys) : std::nullopt;
        if (!lines) return damaged(*store_, fmt::format("the answers of block {}", block));
        const bool rejects_only = block <= job_.projected_block;
        if (!rejects_only) appended_block_ = block;
        return projection_.append(rejects_only ? std::string_view() : lines->answers(),
                                  lines->rejects(*keys));
      });
}

core::Status Journal::begin_run(const Options& options, const StoredPast* left) {
  for (const auto& [attempt, open] : attempts_.open()) {
    if (!ledger_.maybe_billed(open.endpoint, open.worst_cost, open.worst_usage))
      return store::corrupt(store_->path(), kNoSuchEndpoint);
    ++opened_.maybe_billed;
    opened_.maybe_billed_cost += open.worst_cost;
  }
  attempts_.abandon();
  opened_.next_attempt = attempts_.next();
  opened_.spent = ledger_.spent();
  opened_.day_use = ledger_.day_use();
  account_.rows_read = job_.rows_read;
  publish();

  if (auto status = flush(); !status) return status;
  job_.boot = options.durability == store::Durability::process ? options.boot : std::string();
  return store_->transact([&]() -> core::Status {
    if (left != nullptr) {
      if (left->generations() > 0) {
        if (auto status = store_->put_past(left->latest()); !status) return status;
      }
      if (auto status = store_->put_generation(job_.generation, options.fingerprint); !status)
        return status;
    }
    if (auto status = attempts_.rewrite(*store_); !status) return status;
    if (auto status = ledger_.write(*store_); !status) return status;
    if (auto status = models_.write(*store_); !status) return status;
    return write_job();
  });
}

}  // namespace sluice::checkpoint
