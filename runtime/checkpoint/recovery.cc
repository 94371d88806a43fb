#include "checkpoint/recovery.h"

#include <algorithm>
#include <utility>

#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {
namespace {

core::Status close_block(Recovered& recovered, BlockBuilder& builder, std::int64_t& last) {
  auto block = builder.finish();
  if (!block) return std::unexpected(block.error());
  recovered.job.answered += block->answers_count;
  recovered.job.rejected += block->rejects_count;
  recovered.blocks.push_back({++last, std::move(*block)});
  return {};
}

core::Status apply(Recovered& recovered, const store::SqliteStore& store,
                   const wal::Record& record) {
  const auto no_such_endpoint = [&] { return store::corrupt(store.path(), kNoSuchEndpoint); };
  for (const store::Intent& intent : record.intents) {
    if (!recovered.ledger.has(intent.endpoint)) return no_such_endpoint();
    recovered.attempts.intend(intent.attempt,
                              {intent.endpoint, intent.worst_cost, intent.worst_usage});
    recovered.ledger.count_day_use(intent.endpoint, intent.worst_usage);
  }
  for (const store::Settlement& settlement : record.results.settlements) {
    if (!recovered.ledger.has(settlement.endpoint)) return no_such_endpoint();
    recovered.attempts.settle(settlement.attempt);
    recovered.ledger.settle(settlement.endpoint, settlement);
  }
  recovered.job.folded = record.sequence;
  return {};
}

}  // namespace

core::Status refuse_log_without_file(const std::string& directory) {
  if (store::SqliteStore::exists(directory)) return {};
  const auto tail = wal::read_log(directory, 0);
  if (!tail) return std::unexpected(tail.error());
  if (tail->records.empty() && !tail->outrun) return {};
  return store::corrupt(directory,
                        "checkpoint.db is missing, but its write-ahead log (tail-0, tail-1) is "
                        "there and may hold answers");
}

core::Result<std::unique_ptr<Recovered>> recover(store::SqliteStore& store,
                                                 const wal::LogTail& tail) {
  const auto job = store.job();
  if (!job) return std::unexpected(job.error());
  auto endpoints = store.endpoints();
  if (!endpoints) return std::unexpected(endpoints.error());
  const auto models = store.models();
  if (!models) return std::unexpected(models.error());
  const auto last_block = store.last_block();
  if (!last_block) return std::unexpected(last_block.error());

  std::unique_ptr<Recovered> whole(new Recovered{.job = *job,
                                                 .ledger = Ledger(std::move(*endpoints), {}),
                                                 .attempts = {},
                                                 .models = Models(*models, {}),
                                                 .blocks = {}});
  Recovered& recovered = *whole;
  if (auto status = recovered.attempts.load(store, job->next_attempt); !status)
    return std::unexpected(status.error());

  BlockBuilder builder;
  std::int64_t last = *last_block;
  for (const wal::Record& record : tail.records) {
    if (auto status = apply(recovered, store, record); !status)
      return std::unexpected(status.error());
    for (const store::Entry& entry : record.results.entries) {
      const bool answer = entry.kind == store::Kind::answer;
      builder.add(entry, answer ? recovered.models.number(entry.model) : 0, false);
      if (!builder.full()) continue;
      if (auto status = close_block(recovered, builder, last); !status)
        return std::unexpected(status.error());
    }
  }
  if (!builder.empty()) {
    if (auto status = close_block(recovered, builder, last); !status)
      return std::unexpected(status.error());
  }
  recovered.job.next_attempt = std::max(recovered.job.next_attempt, recovered.attempts.next());
  recovered.job.rows_read =
      std::max(recovered.job.rows_read, recovered.job.answered + recovered.job.rejected);
  return whole;
}

core::Status absorb(store::SqliteStore& store, const std::string& directory) {
  const auto job = store.job();
  if (!job) return std::unexpected(job.error());
  const auto tail = wal::read_log(directory, job->folded);
  if (!tail) return std::unexpected(tail.error());
  if (tail->records.empty()) return {};
  const auto whole = recover(store, *tail);
  if (!whole) return std::unexpected(whole.error());
  Recovered& recovered = **whole;

  return store.transact([&]() -> core::Status {
    for (const auto& [number, block] : recovered.blocks) {
      auto status = store.put_block(number, recovered.job.generation, block.answers_count,
                                    block.rejects_count, block.keys, block.payload);
      if (!status) return status;
    }
    if (auto status = recovered.attempts.write_and_compact(store); !status) return status;
    if (auto status = recovered.ledger.write(store); !status) return status;
    if (auto status = recovered.models.write(store); !status) return status;
    return store.put_job(recovered.job);
  });
}

}  // namespace sluice::checkpoint
