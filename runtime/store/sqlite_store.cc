#include "store/sqlite_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <tuple>

#include "store/bytes.h"
#include "store/sqlite_file_check.h"

namespace sluice::store {

core::Status SqliteStore::prepare() {
  for (std::size_t i = 0; i < kQueries; ++i) {
    const char* sql = sql_of(i);
    if (sql == nullptr) continue;
    auto statement = connection_.prepare(sql);
    if (!statement) {
      // The file says that it is ours, so a table that is not there is damage.
      if (statement.error().code == core::ErrorCode::io)
        return corrupt(path_, statement.error().message);
      return std::unexpected(statement.error());
    }
    statements_[i] = std::move(*statement);
  }
  return {};
}

core::Result<JobState> SqliteStore::job() {
  Statement& s = statements_[kJob];
  const auto row = s.step();
  if (!row) return std::unexpected(row.error());
  if (!*row) {
    s.reset();
    return corrupt(path_, "the checkpoint is damaged: it names no job");
  }
  JobState job{.generation = s.integer(0),
               .next_attempt = s.unsigned_integer(1),
               .rows_read = s.unsigned_integer(2),
               .input_complete = s.integer(3) != 0,
               .answered = s.unsigned_integer(4),
               .rejected = s.unsigned_integer(5),
               .projected_block = s.integer(6),
               .rejects_block = s.integer(9),
               .projected = {s.unsigned_integer(7), s.unsigned_integer(8)},
               .proof = {std::string(s.bytes(11)), std::string(s.bytes(12))},
               .applied = s.unsigned_integer(10),
               .boot = std::string(s.bytes(13))};
  s.reset();
  std::error_code error;
  std::uintmax_t bytes = std::filesystem::file_size(path_, error);
  const std::uintmax_t log = std::filesystem::file_size(path_ + "-wal", error);
  if (!error) bytes += log;
  if (job.answered > bytes || job.rejected > bytes)
    return corrupt(path_, "the checkpoint is damaged: its counts cannot be");
  return job;
}

core::Result<core::Hash128> SqliteStore::fingerprint(std::int64_t generation) {
  Statement& s = statements_[kFingerprint].bind(1, generation);
  const auto row = s.step();
  if (!row) return std::unexpected(row.error());
  if (!*row || s.bytes(0).size() != sizeof(core::Hash128)) {
    s.reset();
    return corrupt(path_, "the checkpoint is damaged: its generation is missing");
  }
  const core::Hash128 fingerprint = get_hash(s.bytes(0).data());
  s.reset();
  return fingerprint;
}

core::Status SqliteStore::expect_fingerprint(const std::optional<core::Hash128>& stored,
                                             const core::Hash128& fingerprint) const {
  if (stored && *stored == fingerprint) return {};
  return core::fail(core::ErrorCode::pipeline,
                    "the pipeline file asks another question, or writes another output, than the "
                    "job's last run: run it first, or use the file (and --set) as they were",
                    path_);
}

core::Status SqliteStore::each_row(Query query,
                                   const std::function<core::Status(Statement&)>& each) {
  Statement& s = statements_[query];
  while (true) {
    const auto row = s.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    if (auto status = each(s); !status) {
      s.reset();
      return status;
    }
  }
  s.reset();
  return {};
}

core::Result<std::vector<StoredEndpoint>> SqliteStore::endpoints() {
  std::vector<StoredEndpoint> all;
  auto status = each_row(kEndpoints, [&](Statement& s) -> core::Status {
    StoredEndpoint e{.id = s.integer(0), .ledger = {}};
    e.ledger.name = s.bytes(1);
    e.ledger.attempts = s.unsigned_integer(2);
    e.ledger.answered = s.unsigned_integer(3);
    e.ledger.failed = s.unsigned_integer(4);
    e.ledger.usage = {.input = s.unsigned_integer(5),
                      .cached_input = s.unsigned_integer(6),
                      .output = s.unsigned_integer(7),
                      .reasoning = s.unsigned_integer(8)};
    e.ledger.cost = core::Money::picodollars(s.integer(9));
    e.ledger.maybe_billed = s.unsigned_integer(10);
    e.ledger.maybe_billed_cost = core::Money::picodollars(s.integer(11));
    e.ledger.failed_usage = {.input = s.unsigned_integer(12),
                             .cached_input = s.unsigned_integer(13),
                             .output = s.unsigned_integer(14),
                             .reasoning = s.unsigned_integer(15)};
    e.ledger.failed_cost = core::Money::picodollars(s.integer(16));
    e.ledger.charged = s.unsigned_integer(17);
    e.ledger.charged_cost = core::Money::picodollars(s.integer(18));
    e.ledger.estimated_cost = core::Money::picodollars(s.integer(19));
    e.ledger.maybe_billed_usage = {.input = s.unsigned_integer(20),
                                   .output = s.unsigned_integer(21)};
    e.ledger.uncounted = s.unsigned_integer(22);
    e.ledger.uncounted_cost = core::Money::picodollars(s.integer(23));
    e.ledger.day = {
        .requests = s.unsigned_integer(24), .tokens = s.unsigned_integer(25), .at = s.integer(26)};
    e.ledger.problem = s.bytes(27);
    e.ledger.form = s.bytes(28);
    e.ledger.options = s.bytes(29);
    all.push_back(std::move(e));
    return {};
  });
  if (!status) return std::unexpected(status.error());
  return all;
}

core::Result<std::vector<BatchRecord>> SqliteStore::batches() {
  std::vector<BatchRecord> all;
  if (!has_state_) return all;
  auto status = each_row(kBatches, [&](Statement& s) -> core::Status {
    auto batch = decode_batch(s.bytes(0));
    if (!batch) return corrupt(path_, "the checkpoint is damaged: the record of a batch");
    all.push_back(std::move(*batch));
    return {};
  });
  if (!status) return std::unexpected(status.error());
  return all;
}

core::Result<std::vector<StoredModel>> SqliteStore::models() {
  std::vector<StoredModel> all;
  auto status = each_row(kModels, [&](Statement& s) -> core::Status {
    all.push_back({s.integer(0), std::string(s.bytes(1))});
    return {};
  });
  if (!status) return std::unexpected(status.error());
  return all;
}

core::Status SqliteStore::attempts(
    const std::function<core::Status(AttemptRecords, std::string_view)>& each) {
  return each_row(kAttempts, [&](Statement& s) {
    return each(static_cast<AttemptRecords>(s.integer(0)), s.bytes(1));
  });
}

core::Status SqliteStore::scan_keys(std::int64_t after, const EachKeys& each) {
  statements_[kScanKeys].bind(1, after);
  return each_row(kScanKeys, [&](Statement& s) {
    return each(s.integer(0), s.integer(1), std::string(s.bytes(2)));
  });
}

core::Status SqliteStore::scan_blocks(std::int64_t generation, std::int64_t after,
                                      std::int64_t rejects_after, const EachBlock& each) {
  statements_[kScanBlocks].bind(1, generation).bind(2, after).bind(3, rejects_after);
  return each_row(kScanBlocks, [&](Statement& s) {
    return each(s.integer(0), std::string(s.bytes(1)), s.bytes(2));
  });
}

core::Result<std::string> SqliteStore::blob_of(Query query, std::int64_t block) {
  Statement& s = statements_[query].bind(1, block);
  const auto row = s.step();
  if (!row) return std::unexpected(row.error());
  if (!*row) {
    s.reset();
    return corrupt(path_, fmt::format("the checkpoint is damaged: block {} is missing", block));
  }
  std::string bytes(s.bytes(0));
  s.reset();
  return bytes;
}

core::Result<std::int64_t> SqliteStore::last_block() {
  Statement& s = statements_[kLastBlock];
  const auto row = s.step();
  if (!row) return std::unexpected(row.error());
  const std::int64_t last = *row ? s.integer(0) : 0;
  s.reset();
  return last;
}

core::Result<std::string> SqliteStore::keys(std::int64_t block) {
  return blob_of(kKeys, block);
}
core::Result<std::string> SqliteStore::payload(std::int64_t block) {
  return blob_of(kPayload, block);
}

core::Status SqliteStore::transact(const std::function<core::Status()>& write) {
  core::Status status = begin();
  if (status) status = write();
  if (status) status = commit();
  if (!status) rollback();
  return status;
}

core::Status SqliteStore::begin() {
  return statements_[kBegin].run();
}
core::Status SqliteStore::commit() {
  return statements_[kCommit].run();
}
// SQLite may have rolled back by itself: that there is nothing left to roll back is no error.
void SqliteStore::rollback() {
  std::ignore = statements_[kRollback].run();
}

core::Status SqliteStore::put_job(const JobState& job) {
  return statements_[kPutJob]
      .bind(1, job.generation)
      .bind(2, job.next_attempt)
      .bind(3, job.rows_read)
      .bind(4, std::int64_t{job.input_complete})
      .bind(5, job.answered)
      .bind(6, job.rejected)
      .bind(7, job.projected_block)
      .bind(8, job.projected.answers)
      .bind(9, job.projected.rejects)
      .bind(10, job.rejects_block)
      .bind(11, job.applied)
      .bind_blob(12, job.proof.answers)
      .bind_blob(13, job.proof.rejects)
      .bind_text(14, job.boot)
      .run();
}

core::Status SqliteStore::put_generation(std::int64_t generation,
                                         const core::Hash128& fingerprint) {
  std::string bytes;
  put(bytes, fingerprint);
  return statements_[kPutGeneration].bind(1, generation).bind_blob(2, bytes).run();
}

core::Status SqliteStore::put_past(const PastGeneration& generation) {
  return statements_[kPutPast]
      .bind(1, generation.id)
      .bind(2, generation.mark.position.answers)
      .bind_blob(3, generation.mark.proof.answers)
      .bind(4, generation.answers_block)
      .bind(5, generation.mark.position.rejects)
      .bind_blob(6, generation.mark.proof.rejects)
      .bind(7, generation.rejects_block)
      .run();
}

core::Result<std::vector<PastGeneration>> SqliteStore::generations() {
  std::vector<PastGeneration> all;
  auto status = each_row(kGenerations, [&](Statement& s) -> core::Status {
    all.push_back({.id = s.integer(0),
                   .mark = {.position = {s.unsigned_integer(1), s.unsigned_integer(4)},
                            .proof = {std::string(s.bytes(2)), std::string(s.bytes(5))}},
                   .answers_block = s.integer(3),
                   .rejects_block = s.integer(6)});
    return {};
  });
  if (!status) return std::unexpected(status.error());
  return all;
}

core::Status SqliteStore::put_endpoint(const StoredEndpoint& endpoint) {
  const EndpointLedger& l = endpoint.ledger;
  return statements_[kPutEndpoint]
      .bind(1, endpoint.id)
      .bind_text(2, l.name)
      .bind(3, l.attempts)
      .bind(4, l.answered)
      .bind(5, l.failed)
      .bind(6, l.usage.input)
      .bind(7, l.usage.cached_input)
      .bind(8, l.usage.output)
      .bind(9, l.usage.reasoning)
      .bind(10, l.cost.picodollars())
      .bind(11, l.maybe_billed)
      .bind(12, l.maybe_billed_cost.picodollars())
      .bind(13, l.failed_usage.input)
      .bind(14, l.failed_usage.cached_input)
      .bind(15, l.failed_usage.output)
      .bind(16, l.failed_usage.reasoning)
      .bind(17, l.failed_cost.picodollars())
      .bind(18, l.charged)
      .bind(19, l.charged_cost.picodollars())
      .bind(20, l.estimated_cost.picodollars())
      .bind(21, l.maybe_billed_usage.input)
      .bind(22, l.maybe_billed_usage.output)
      .bind(23, l.uncounted)
      .bind(24, l.uncounted_cost.picodollars())
      .bind(25, l.day.requests)
      .bind(26, l.day.tokens)
      .bind(27, l.day.at)
      .bind_text(28, l.problem)
      .run();
}

core::Status SqliteStore::put_endpoint_state(const StoredEndpoint& endpoint) {
  return statements_[kPutEndpointState]
      .bind(1, endpoint.id)
      .bind_text(2, endpoint.ledger.form)
      .bind_text(3, endpoint.ledger.options)
      .run();
}

core::Status SqliteStore::put_batch(const BatchRecord& batch) {
  return statements_[kPutBatch]
      .bind_text(1, batch.nonce)
      .bind_blob(2, encode(batch, batch.endpoint))
      .run();
}

core::Status SqliteStore::put_model(const StoredModel& model) {
  return statements_[kPutModel].bind(1, model.id).bind_text(2, model.name).run();
}

core::Status SqliteStore::put_block(std::int64_t block, std::int64_t generation,
                                    std::uint32_t answers, std::uint32_t rejects,
                                    std::string_view keys, std::string_view payload) {
  if (auto status = statements_[kPutKeys]
                        .bind(1, block)
                        .bind(2, generation)
                        .bind(3, std::int64_t{answers})
                        .bind(4, std::int64_t{rejects})
                        .bind_blob(5, keys)
                        .run();
      !status)
    return status;
  return statements_[kPutPayload].bind(1, block).bind_blob(2, payload).run();
}

core::Status SqliteStore::replace_keys(std::int64_t block, std::uint32_t rejects,
                                       std::string_view keys) {
  return statements_[kReplaceKeys]
      .bind(1, block)
      .bind(2, std::int64_t{rejects})
      .bind_blob(3, keys)
      .run();
}

core::Status SqliteStore::put_attempts(AttemptRecords kind, std::string_view records) {
  return statements_[kPutAttempts]
      .bind(1, static_cast<std::int64_t>(kind))
      .bind_blob(2, records)
      .run();
}

core::Status SqliteStore::clear_attempts() {
  return statements_[kClearAttempts].run();
}

core::Status SqliteStore::close() {
  for (Statement& statement : statements_) statement = Statement();
  return connection_.checkpoint_and_close();
}

}  // namespace sluice::store
