// What Store asks SQLite, in the order of Store::Query.
#include "store/sqlite_file_check.h"
#include "store/sqlite_store.h"

namespace sluice::store {

const char* const SqliteStore::kSql[kQueries] = {
    // kJob
    "SELECT generation, next_attempt, rows_read, input_complete, answered, rejected,"
    " projected_block, projected_answers, projected_rejects, rejects_block, folded,"
    " answers_proof, rejects_proof, boot"
    " FROM job WHERE id = 1",
    // kFingerprint
    "SELECT fingerprint FROM generation WHERE id = ?",
    // kEndpoints
    "SELECT id, name, attempts, answered, failed, input_tokens, cached_tokens, output_tokens,"
    " reasoning_tokens, cost, maybe_billed, maybe_billed_cost, failed_input_tokens,"
    " failed_cached_tokens, failed_output_tokens, failed_reasoning_tokens, failed_cost, charged,"
    " charged_cost, estimated_cost, maybe_billed_input_tokens, maybe_billed_output_tokens,"
    " uncounted, uncounted_cost, day_requests, day_tokens, day_at, problem, coalesce(form, ''),"
    " coalesce(options, '')"
    " FROM endpoint LEFT JOIN endpoint_state USING (id) ORDER BY id",
    // kGenerations
    "SELECT id, answers_end, answers_proof, answers_block, rejects_end, rejects_proof,"
    " rejects_block FROM generation ORDER BY id DESC",
    // kModels
    "SELECT id, name FROM model ORDER BY id",
    // kBatches
    "SELECT record FROM batch ORDER BY id",
    // kAttempts
    "SELECT kind, records FROM attempts ORDER BY id",
    // kScanKeys
    "SELECT block, generation, keys FROM block_keys WHERE block > ? ORDER BY block",
    // kScanBlocks
    "SELECT k.block, k.keys, d.payload FROM block_keys k JOIN block_data d ON d.block = k.block"
    " WHERE k.block > min(?2, ?3) AND k.generation = ?1"
    " AND (k.block > ?2 OR k.rejects > 0) ORDER BY k.block",
    // kLastBlock
    "SELECT max(block) FROM block_keys",
    // kKeys
    "SELECT keys FROM block_keys WHERE block = ?",
    // kPayload
    "SELECT payload FROM block_data WHERE block = ?",
    // kBegin
    "BEGIN IMMEDIATE",
    // kCommit
    "COMMIT",
    // kRollback
    "ROLLBACK",
    // kPutJob
    "UPDATE job SET generation = ?, next_attempt = ?, rows_read = ?, input_complete = ?,"
    " answered = ?, rejected = ?, projected_block = ?, projected_answers = ?,"
    " projected_rejects = ?, rejects_block = ?, folded = ?, answers_proof = ?,"
    " rejects_proof = ?, boot = ? WHERE id = 1",
    // kPutGeneration
    "INSERT INTO generation(id, fingerprint) VALUES(?, ?)",
    // kPutPast
    "UPDATE generation SET answers_end = ?2, answers_proof = ?3, answers_block = ?4,"
    " rejects_end = ?5, rejects_proof = ?6, rejects_block = ?7 WHERE id = ?1",
    // kPutEndpoint
    "INSERT OR REPLACE INTO endpoint"
    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    // kPutEndpointState
    "INSERT OR REPLACE INTO endpoint_state(id, form, options) VALUES(?, ?, ?)",
    // kPutModel
    "INSERT INTO model VALUES(?, ?)",
    // kPutBatch
    "INSERT INTO batch(nonce, record) VALUES(?, ?)"
    " ON CONFLICT(nonce) DO UPDATE SET record = excluded.record",
    // kPutKeys
    "INSERT INTO block_keys VALUES(?, ?, ?, ?, ?)",
    // kPutPayload
    "INSERT INTO block_data VALUES(?, ?)",
    // kReplaceKeys
    "UPDATE block_keys SET rejects = ?2, keys = ?3 WHERE block = ?1",
    // kPutAttempts
    "INSERT INTO attempts(kind, records) VALUES(?, ?)",
    // kClearAttempts
    "DELETE FROM attempts",
};

// What is asked of a file of an older version, or without `endpoint_state` and `batch`, which nobody writes to
// before it is brought up to date.
const char* SqliteStore::sql_of(std::size_t query) const {
  if (version_ == kFormatVersion && has_state_) return kSql[query];
  if (version_ == kFormatVersion) {
    switch (query) {
      case kEndpoints:
        return "SELECT id, name, attempts, answered, failed, input_tokens, cached_tokens,"
               " output_tokens, reasoning_tokens, cost, maybe_billed, maybe_billed_cost,"
               " failed_input_tokens, failed_cached_tokens, failed_output_tokens,"
               " failed_reasoning_tokens, failed_cost, charged, charged_cost, estimated_cost,"
               " maybe_billed_input_tokens, maybe_billed_output_tokens, uncounted, uncounted_cost,"
               " day_requests, day_tokens, day_at, problem, '', '' FROM endpoint ORDER BY id";
      case kPutEndpointState:
      case kPutBatch:
      case kBatches:
        return nullptr;
      default:
        return kSql[query];
    }
  }
  switch (query) {
    case kJob:
      if (version_ == 1)
        return "SELECT generation, next_attempt, rows_read, input_complete, answered, rejected,"
               " projected_block, projected_answers, projected_rejects, projected_block, 0,"
               " x'', x'', '' FROM job WHERE id = 1";
      if (version_ < 4)
        return "SELECT generation, next_attempt, rows_read, input_complete, answered, rejected,"
               " projected_block, projected_answers, projected_rejects, rejects_block, 0,"
               " x'', x'', '' FROM job WHERE id = 1";
      return "SELECT generation, next_attempt, rows_read, input_complete, answered, rejected,"
             " projected_block, projected_answers, projected_rejects, rejects_block, folded,"
             " x'', x'', '' FROM job WHERE id = 1";
    case kEndpoints:
      if (version_ >= 3)
        return "SELECT id, name, attempts, answered, failed, input_tokens, cached_tokens,"
               " output_tokens, reasoning_tokens, cost, maybe_billed, maybe_billed_cost,"
               " failed_input_tokens, failed_cached_tokens, failed_output_tokens,"
               " failed_reasoning_tokens, failed_cost, charged, charged_cost, estimated_cost,"
               " maybe_billed_input_tokens, maybe_billed_output_tokens, 0, 0, 0, 0, 0, '', '', ''"
               " FROM endpoint ORDER BY id";
      if (version_ == 2)
        return "SELECT id, name, attempts, answered, failed, input_tokens, cached_tokens,"
               " output_tokens, reasoning_tokens, cost, maybe_billed, maybe_billed_cost,"
               " failed_input_tokens, failed_cached_tokens, failed_output_tokens,"
               " failed_reasoning_tokens, failed_cost, charged, charged_cost, estimated_cost, 0, 0,"
               " 0, 0, 0, 0, 0, '', '', '' FROM endpoint ORDER BY id";
      return "SELECT id, name, attempts, answered, failed, input_tokens, cached_tokens,"
             " output_tokens, reasoning_tokens, cost, maybe_billed, maybe_billed_cost, 0, 0, 0, 0,"
             " 0, 0, 0, cost, 0, 0, 0, 0, 0, 0, 0, '', '', '' FROM endpoint ORDER BY id";
    case kGenerations:
      return "SELECT id, 0, x'', 0, 0, x'', 0 FROM generation ORDER BY id DESC";
    case kPutJob:
    case kPutEndpoint:
    case kPutEndpointState:
    case kBatches:
    case kPutBatch:
    case kPutGeneration:
    case kPutPast:
      return nullptr;
    default:
      return kSql[query];
  }
}

}  // namespace sluice::store
