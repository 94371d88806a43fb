#include "checkpoint/file_state.h"

#include <algorithm>
#include <utility>

#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {

core::Result<std::unique_ptr<FileState>> FileState::load(store::SqliteStore& store,
                                                         const std::vector<std::string>& endpoints,
                                                         const std::vector<std::string>& models) {
  auto job = store.job();
  if (!job) return std::unexpected(job.error());
  auto stored_endpoints = store.endpoints();
  if (!stored_endpoints) return std::unexpected(stored_endpoints.error());
  const auto stored_models = store.models();
  if (!stored_models) return std::unexpected(stored_models.error());
  const auto last_block = store.last_block();
  if (!last_block) return std::unexpected(last_block.error());
  std::unique_ptr<FileState> state(new FileState(store.path(), std::move(*job),
                                                 Ledger(std::move(*stored_endpoints), endpoints),
                                                 Models(*stored_models, models), *last_block));
  if (auto status = state->attempts.load(store, state->job.next_attempt); !status)
    return std::unexpected(status.error());
  state->job.next_attempt = state->attempts.next();
  if (auto status = state->batches.load(store); !status) return std::unexpected(status.error());
  return state;
}

FileState::FileState(const std::string& path, store::JobState state, Ledger ledger_of,
                     Models models_of, std::int64_t last_block)
    : job(std::move(state)),
      ledger(std::move(ledger_of)),
      models(std::move(models_of)),
      path_(path),
      last_block_(last_block) {}

void FileState::intend(std::uint32_t endpoint, const store::Intent& intent) {
  attempts.intend(intent.attempt, {endpoint, intent.worst_cost, intent.worst_usage});
  job.next_attempt = attempts.next();
}

void FileState::settle(std::uint32_t endpoint, const store::Settlement& settlement) {
  attempts.settle(settlement.attempt);
  ledger.settle(endpoint, settlement);
}

core::Status FileState::add(const store::Entry& entry, DuplicateAnswerFilter* repeats) {
  if (entry.kind == store::Kind::reject) {
    builder_.add(entry, 0, false);
    return builder_.full() ? close_block() : core::Status();
  }
  const std::uint32_t model = models.number(entry.model);
  if (model > kMaxModelId)
    return core::fail(core::ErrorCode::internal, "the job has had too many models");
  bool repeat = false;
  if (entry.question != core::Hash128() && models.valid(model) != nullptr) {
    if (!entry.fresh && repeats != nullptr) {
      const auto seen = repeats->is_repeat(entry.question, model);
      if (!seen) return std::unexpected(seen.error());
      repeat = *seen;
    }
    if (!repeat) questions_.push_back(entry.question);
  }
  builder_.add(entry, model, repeat);
  return builder_.full() ? close_block() : core::Status();
}

core::Status FileState::close_block() {
  if (builder_.empty()) return {};
  auto block = builder_.finish();
  if (!block) return std::unexpected(block.error());
  job.answered += block->answers_count;
  job.rejected += block->rejects_count;
  blocks_.push_back({++last_block_, std::move(*block), std::exchange(questions_, {})});
  return {};
}

core::Status FileState::apply(std::span<const wal::Record> records) {
  const auto no_such_endpoint = [&] { return store::corrupt(path_, kNoSuchEndpoint); };
  for (const wal::Record& record : records) {
    for (const store::Intent& sent : record.intents) {
      if (!ledger.has(sent.endpoint)) return no_such_endpoint();
      intend(sent.endpoint, sent);
      ledger.count_day_use(sent.endpoint, sent.worst_usage);
    }
    for (const store::Settlement& settlement : record.results.settlements) {
      if (!ledger.has(settlement.endpoint)) return no_such_endpoint();
      settle(settlement.endpoint, settlement);
    }
    for (const store::BatchRecord& batch : record.results.batches) {
      if (!ledger.has(batch.endpoint)) return no_such_endpoint();
      batches.put(batch, batch.endpoint);
    }
    for (const store::Entry& entry : record.results.entries)
      if (auto status = add(entry, nullptr); !status) return status;
    job.applied = record.sequence;
  }
  if (auto status = close_block(); !status) return status;
  job.rows_read = std::max(job.rows_read, job.answered + job.rejected);
  return {};
}

core::Status FileState::write(store::SqliteStore& store) {
  for (; written_ < blocks_.size(); ++written_) {
    const auto& [number, block, questions] = blocks_[written_];
    if (auto status = store.put_block(number, job.generation, block.answers_count,
                                      block.rejects_count, block.keys, block.payload);
        !status)
      return status;
  }
  if (auto status = attempts.write_and_compact(store); !status) return status;
  if (auto status = ledger.write(store); !status) return status;
  if (auto status = models.write(store); !status) return status;
  if (auto status = batches.write(store); !status) return status;
  return store.put_job(job);
}

std::vector<FileState::Block> FileState::take_blocks() {
  written_ = 0;
  return std::exchange(blocks_, {});
}

}  // namespace sluice::checkpoint
