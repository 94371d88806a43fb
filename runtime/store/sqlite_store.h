// The checkpoint's file, `<directory>/checkpoint.db`: what stands in it and how it is read and
// written. SQLite in WAL mode; no policy, no threads. Everything is keyed by an ascending integer,
// and what is written per row stands in blocks (block.h).
//
// Threads: one at a time for each Store. One Store writes; any number of others read beside it, in
// this process or another.
//
// Invariants:
//   1. The file is made whole under another name and renamed into place: a checkpoint.db that is
//      not a whole checkpoint is damage, or somebody else's.
//   2. A file that is not one of ours, or is damaged, or newer, is not written to.
//   3. `job` has one row; all counts in it are changed in the transaction that changes what they
//      count.
//   4. The table `endpoint_state` came without a new format: a sluice that does not know it leaves it
//      alone, a reader does without it where it is not there, and the first writer adds it.
//      So does `batch`.
//   5. A file of an older format is read as it is by a reader, and brought to the present format by
//      the first writer, in one transaction, once it was checked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "store/records.h"
#include "store/sqlite.h"

namespace sluice::store {

struct JobState {
  std::int64_t generation = 0;  // 0: none yet
  std::uint64_t next_attempt = 1;
  // Of this generation:
  std::uint64_t rows_read = 0;
  bool input_complete = false;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::int64_t projected_block = 0;  // the last block whose answers `projected` includes
  std::int64_t rejects_block = 0;    // and whose rejects: behind it after a redo
  Position projected;
  Proof proof;
  // The last record of the write-ahead log (wal/wal.h) that is in the file; `folded` in SQL.
  std::uint64_t applied = 0;
  // Options::boot of the run that has the job, or died with it, with Durability::process; else
  // empty.
  std::string boot;
};

// How far an earlier generation's projection was known to go when the next one began. Of one that
// an older format left: from the beginning, without a proof.
struct PastGeneration {
  std::int64_t id = 0;
  Mark mark;
  std::int64_t answers_block = 0;  // the last block whose answers the mark includes
  std::int64_t rejects_block = 0;
};

struct StoredEndpoint {
  std::int64_t id = 0;
  EndpointLedger ledger;
};

// A log of another machine, as far as it was taken over.
struct TakenLog {
  std::uint64_t last = 0;   // the number of its last record that is in the file
  std::uint64_t parts = 0;  // of which it was, when it was taken last
  // What was open behind this record counts as maybe billed; 0: nothing does.
  std::uint64_t booked_at = 0;
  bool whole = false;  // it has ended, and all of it is
};

struct StoredModel {
  std::int64_t id = 0;
  std::string name;
};

// The attempts' log (attempts.h): what was intended and what was settled, in the order of commits.
enum class AttemptRecords : std::uint8_t {
  uncounted_intents = 0,  // as formats 1 and 2 have them: without tokens
  settled = 1,
  intents = 2,
};

class SqliteStore {
 public:
  // To write, making the file when there is none. The caller holds the job's lock. Transactions are
  // synced (Durability::power), whatever the job asks for, until relax().
  static core::Result<std::unique_ptr<SqliteStore>> open(const std::string& directory);
  // From here on a transaction survives the process, and not a power cut (Durability::process).
  core::Status relax();
  // Whether there is a file to open: of a checkpoint, or of something else.
  static bool exists(const std::string& directory);
  // To read. ErrorCode::io when there is no file.
  static core::Result<std::unique_ptr<SqliteStore>> open_reader(const std::string& directory);
  // To read while nobody writes, which the caller answers for. Works in a folder that cannot be
  // written, and leaves nothing in it, unless a crash has left a log to be read.
  static core::Result<std::unique_ptr<SqliteStore>> open_at_rest(const std::string& directory);

  const std::string& path() const { return path_; }
  // ErrorCode::corrupt when SQLite finds the file damaged.
  core::Status check();

  // ErrorCode::corrupt also when it counts more rows than the file can hold the keys of: whoever
  // makes room for them may rely on it.
  core::Result<JobState> job();
  core::Result<core::Hash128> fingerprint(std::int64_t generation);
  // ErrorCode::pipeline, with words for the user, unless the two are the same.
  core::Status expect_fingerprint(const std::optional<core::Hash128>& stored,
                                  const core::Hash128& fingerprint) const;
  core::Result<std::vector<StoredEndpoint>> endpoints();
  // The latest first.
  core::Result<std::vector<PastGeneration>> generations();
  core::Result<std::vector<StoredModel>> models();
  core::Status attempts(const std::function<core::Status(AttemptRecords, std::string_view)>& each);

  // In the order in which they were put first; `endpoint`: StoredEndpoint::id.
  core::Result<std::vector<BatchRecord>> batches();

  // Every block after `after` in order, keys only.
  using EachKeys =
      std::function<core::Status(std::int64_t block, std::int64_t generation, std::string keys)>;
  core::Status scan_keys(std::int64_t after, const EachKeys& each);
  // The blocks of `generation` after `after`, in order; and of the others, those with rejects after
  // `rejects_after`.
  using EachBlock =
      std::function<core::Status(std::int64_t block, std::string keys, std::string_view payload)>;
  core::Status scan_blocks(std::int64_t generation, std::int64_t after, std::int64_t rejects_after,
                           const EachBlock& each);
  core::Result<std::int64_t> last_block();  // 0: none
  core::Result<std::string> keys(std::int64_t block);
  core::Result<std::string> payload(std::int64_t block);

  // From here on all is read as of one moment.
  core::Status begin_read() { return connection_.execute("BEGIN"); }

  // The puts of `write` as one transaction, or none of them.
  core::Status transact(const std::function<core::Status()>& write);
  // The same in pieces: begin(), puts, commit(). After a failure: rollback().
  core::Status begin();
  core::Status commit();
  void rollback();
  core::Status put_job(const JobState& job);
  core::Status put_generation(std::int64_t generation, const core::Hash128& fingerprint);
  core::Status put_past(const PastGeneration& generation);
  core::Status put_endpoint(const StoredEndpoint& endpoint);
  // What of it stands in `endpoint_state`.
  core::Status put_endpoint_state(const StoredEndpoint& endpoint);
  core::Status put_model(const StoredModel& model);
  // `batch.endpoint` is a StoredEndpoint's.
  core::Status put_batch(const BatchRecord& batch);
  // How far the logs of other machines are in this file (checkpoint/import.h), by their names. None in a file that
  // never took one.
  core::Result<std::map<std::string, TakenLog>> taken_logs();
  core::Status put_taken_log(const std::string& name, const TakenLog& log);
  core::Status put_block(std::int64_t block, std::int64_t generation, std::uint32_t answers,
                         std::uint32_t rejects, std::string_view keys, std::string_view payload);
  // New keys for a block, with so many rejects that were not withdrawn.
  core::Status replace_keys(std::int64_t block, std::uint32_t rejects, std::string_view keys);
  core::Status put_attempts(AttemptRecords kind, std::string_view records);
  core::Status clear_attempts();

  // Empties the write-ahead log into the file. The store is of no use after it.
  core::Status close();

 private:
  enum Query : std::uint8_t {
    kJob,
    kFingerprint,
    kEndpoints,
    kGenerations,
    kModels,
    kBatches,
    kAttempts,
    kScanKeys,
    kScanBlocks,
    kLastBlock,
    kKeys,
    kPayload,
    kBegin,
    kCommit,
    kRollback,
    kPutJob,
    kPutGeneration,
    kPutPast,
    kPutEndpoint,
    kPutEndpointState,
    kPutModel,
    kPutBatch,
    kPutKeys,
    kPutPayload,
    kReplaceKeys,
    kPutAttempts,
    kClearAttempts,
    kQueries
  };
  static const char* const kSql[kQueries];
  const char* sql_of(std::size_t query) const;

  SqliteStore(std::string path, Connection connection)
      : path_(std::move(path)), connection_(std::move(connection)) {}
  static core::Status create_file(const std::string& directory);
  static core::Result<std::unique_ptr<SqliteStore>> open_existing(const std::string& path,
                                                                  int flags);
  static core::Result<std::unique_ptr<SqliteStore>> prepared(const std::string& path,
                                                             core::Result<Connection> connection,
                                                             bool writable);
  core::Result<std::int64_t> first_number(std::string_view sql);  // 0: no row
  core::Status migrate();
  core::Status prepare();
  core::Status each_row(Query query, const std::function<core::Status(Statement&)>& each);
  core::Result<std::string> blob_of(Query query, std::int64_t block);

  std::string path_;
  std::int64_t version_ = 0;
  bool has_state_ = false;  // the tables `endpoint_state` and `batch`
  Connection connection_;
  Statement statements_[kQueries];
};

}  // namespace sluice::store
