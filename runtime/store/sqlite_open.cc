// Store::open(): the file made, recognised and checked.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <vector>

#include "storage/directory.h"
#include "storage/private_files.h"
#include "store/sqlite_file_check.h"
#include "store/sqlite_store.h"

namespace sluice::store {
namespace {

// Version 5. Money is in picodollars. The columns of `job` are those of JobState.
constexpr char kSchema[] = R"(
CREATE TABLE job(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  generation INTEGER NOT NULL, next_attempt INTEGER NOT NULL,
  rows_read INTEGER NOT NULL, input_complete INTEGER NOT NULL,
  answered INTEGER NOT NULL, rejected INTEGER NOT NULL,
  projected_block INTEGER NOT NULL,
  projected_answers INTEGER NOT NULL, projected_rejects INTEGER NOT NULL,
  rejects_block INTEGER NOT NULL, folded INTEGER NOT NULL,
  answers_proof BLOB NOT NULL, rejects_proof BLOB NOT NULL, boot TEXT NOT NULL) STRICT;
CREATE TABLE generation(id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL,
  answers_end INTEGER NOT NULL DEFAULT 0, answers_proof BLOB NOT NULL DEFAULT x'',
  answers_block INTEGER NOT NULL DEFAULT 0,
  rejects_end INTEGER NOT NULL DEFAULT 0, rejects_proof BLOB NOT NULL DEFAULT x'',
  rejects_block INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE endpoint(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL,
  attempts INTEGER NOT NULL, answered INTEGER NOT NULL, failed INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  cost INTEGER NOT NULL, maybe_billed INTEGER NOT NULL, maybe_billed_cost INTEGER NOT NULL,
  failed_input_tokens INTEGER NOT NULL, failed_cached_tokens INTEGER NOT NULL,
  failed_output_tokens INTEGER NOT NULL, failed_reasoning_tokens INTEGER NOT NULL,
  failed_cost INTEGER NOT NULL, charged INTEGER NOT NULL, charged_cost INTEGER NOT NULL,
  estimated_cost INTEGER NOT NULL, maybe_billed_input_tokens INTEGER NOT NULL,
  maybe_billed_output_tokens INTEGER NOT NULL,
  uncounted INTEGER NOT NULL, uncounted_cost INTEGER NOT NULL,
  day_requests INTEGER NOT NULL, day_tokens INTEGER NOT NULL, day_at INTEGER NOT NULL,
  problem TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE model(id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE block_keys(
  block INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
  answers INTEGER NOT NULL, rejects INTEGER NOT NULL, keys BLOB NOT NULL) STRICT;
CREATE TABLE block_data(block INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT;
CREATE TABLE attempts(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, records BLOB NOT NULL) STRICT;
INSERT INTO job VALUES(1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, x'', x'', '');
)";

// From version 1, which did not tell apart what failed attempts used, nor keep charges and
// estimates: what was booked counts as answered, at its estimate. The new columns come last, in the
// order of kSchema.
constexpr char kFrom1To2[] = R"(
ALTER TABLE job ADD COLUMN rejects_block INTEGER NOT NULL DEFAULT 0;
UPDATE job SET rejects_block = projected_block;
ALTER TABLE endpoint ADD COLUMN failed_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN failed_cached_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN failed_output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN failed_reasoning_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN failed_cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN charged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN charged_cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN estimated_cost INTEGER NOT NULL DEFAULT 0;
UPDATE endpoint SET estimated_cost = cost;
)";

// From version 2, which kept neither the tokens of what may have been billed nor the names of the
// sink's files.
constexpr char kFrom2To3[] = R"(
ALTER TABLE endpoint ADD COLUMN maybe_billed_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN maybe_billed_output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generation ADD COLUMN sink BLOB NOT NULL DEFAULT x'';
)";

// From version 3, which had no write-ahead log.
constexpr char kFrom3To4[] = R"(
ALTER TABLE job ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
)";

// From version 4, which trusted a sink by the spelling of its name and kept no proof of what stands
// in it, and named rows and questions by XXH3: of these nothing changes here, since each record
// says how it is named, and gets its present name as its row is read again (old_names.h). It did
// not tell answers without token counts from attempts without an answer, nor keep what was used of
// a day's quotas.
constexpr char kFrom4To5[] = R"(
ALTER TABLE job ADD COLUMN answers_proof BLOB NOT NULL DEFAULT x'';
ALTER TABLE job ADD COLUMN rejects_proof BLOB NOT NULL DEFAULT x'';
ALTER TABLE job ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE generation DROP COLUMN sink;
ALTER TABLE generation ADD COLUMN answers_end INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generation ADD COLUMN answers_proof BLOB NOT NULL DEFAULT x'';
ALTER TABLE generation ADD COLUMN answers_block INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generation ADD COLUMN rejects_end INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generation ADD COLUMN rejects_proof BLOB NOT NULL DEFAULT x'';
ALTER TABLE generation ADD COLUMN rejects_block INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN uncounted_cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN day_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN day_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN day_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN problem TEXT NOT NULL DEFAULT '';
)";

// What is kept of an endpoint beside its ledger.
constexpr char kEndpointState[] = R"(
CREATE TABLE IF NOT EXISTS endpoint_state(id INTEGER PRIMARY KEY, form TEXT NOT NULL DEFAULT '',
  options TEXT NOT NULL DEFAULT '') STRICT;
)";

// In the order in which they were made.
constexpr char kBatch[] = R"(
CREATE TABLE IF NOT EXISTS batch(id INTEGER PRIMARY KEY, nonce TEXT NOT NULL UNIQUE,
  record BLOB NOT NULL) STRICT;
)";

// Up to this size the whole file is checked when it is opened, which takes some 0.1 s. Of a larger
// one, what a start reads in any case; the payloads are then checked as they are read, by zstd's
// checksum.
constexpr std::uintmax_t kFullCheckBytes = 64 * 1024 * 1024;

std::string file_of(const std::string& directory) {
  return directory + "/checkpoint.db";
}

}  // namespace

core::Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& directory) {
  const std::string path = file_of(directory);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    if (auto status = create_file(directory); !status) return std::unexpected(status.error());
  }
  auto store = open_existing(path, SQLITE_OPEN_READWRITE);
  if (!store) return store;
  // What an earlier run has promised to be durable is taken over from its log as durably, even by a
  // run that promises less.
  if (auto status = (*store)->connection_.execute(
          "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000");
      !status)
    return std::unexpected(status.error());
  return store;
}

// NORMAL syncs only when the log is emptied into the file: a crash of the process loses nothing, a
// power cut the last moments, and neither damages the file.
core::Status SqliteStore::relax() {
  return connection_.execute("PRAGMA synchronous = NORMAL");
}

bool SqliteStore::exists(const std::string& directory) {
  std::error_code error;
  return std::filesystem::exists(file_of(directory), error);
}

core::Result<std::unique_ptr<SqliteStore>> SqliteStore::open_reader(const std::string& directory) {
  if (!exists(directory))
    return core::fail(core::ErrorCode::io, "there is no checkpoint: the job was never run here",
                      directory);
  return open_existing(file_of(directory), SQLITE_OPEN_READONLY);
}

core::Result<std::unique_ptr<SqliteStore>> SqliteStore::open_at_rest(const std::string& directory) {
  const std::string path = file_of(directory);
  std::error_code error;
  const std::uintmax_t log = std::filesystem::file_size(path + "-wal", error);
  if (!error && log > 0) return open_reader(directory);
  if (!std::filesystem::exists(path, error)) return open_reader(directory);  // says so
  if (auto status = check_file(path); !status) return std::unexpected(status.error());
  return prepared(path, Connection::open_unchanging(path), false);
}

core::Result<std::unique_ptr<SqliteStore>> SqliteStore::open_existing(const std::string& path,
                                                                      int flags) {
  if (auto status = check_file(path); !status) return std::unexpected(status.error());
  return prepared(path, Connection::open(path, flags), flags == SQLITE_OPEN_READWRITE);
}

core::Result<std::unique_ptr<SqliteStore>> SqliteStore::prepared(
    const std::string& path, core::Result<Connection> connection, bool writable) {
  if (!connection) return std::unexpected(connection.error());
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, std::move(*connection)));
  // Asked of SQLite, not of the file's first bytes alone: the version may still stand in the log.
  const auto version = store->first_number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*version > kFormatVersion) return newer_format(path, *version);
  store->version_ = *version;
  const auto tables = store->first_number(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('endpoint_state', "
      "'batch')");
  if (!tables) return std::unexpected(tables.error());
  store->has_state_ = *version == kFormatVersion && *tables == 2;
  if (writable && (*version < kFormatVersion || !store->has_state_)) {
    if (auto status = store->check(); !status) return std::unexpected(status.error());
    if (auto status = store->migrate(); !status) return std::unexpected(status.error());
  }
  if (auto status = store->prepare(); !status) return std::unexpected(status.error());
  return store;
}

core::Result<std::int64_t> SqliteStore::first_number(std::string_view sql) {
  auto statement = connection_.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

core::Status SqliteStore::migrate() {
  const std::string sql = fmt::format(
      "BEGIN IMMEDIATE; {} {} {} {} {} {} PRAGMA user_version = {}; COMMIT",
      version_ < 2 ? kFrom1To2 : "", version_ < 3 ? kFrom2To3 : "", version_ < 4 ? kFrom3To4 : "",
      version_ < 5 ? kFrom4To5 : "", kEndpointState, kBatch, kFormatVersion);
  if (auto status = connection_.execute(sql.c_str()); !status) {
    std::ignore = connection_.execute("ROLLBACK");  // where there is something to roll back
    if (status.error().message.find("no such table") != std::string::npos)
      return corrupt(path_, status.error().message);
    return status;
  }
  version_ = kFormatVersion;
  has_state_ = true;
  // An older sluice looks at the file's first bytes alone: they tell it from now on.
  return connection_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

core::Status SqliteStore::create_file(const std::string& directory) {
  const std::string path = file_of(directory);
  const std::string draft = path + ".new";
  std::error_code error;
  // A log without its file would be taken for the log of the new one.
  if (std::filesystem::exists(path + "-wal", error)) {
    if (std::filesystem::file_size(path + "-wal", error) > 0)
      return corrupt(path + "-wal",
                     "checkpoint.db is missing, but its log is there and may hold answers");
    std::filesystem::remove(path + "-wal", error);
  }
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(draft + suffix, error);

  storage::make_private_file(directory, draft);
  auto connection = Connection::open(draft, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!connection) return std::unexpected(connection.error());
  const std::string sql = fmt::format(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN; PRAGMA application_id = {}; "
      "PRAGMA user_version = {}; {} {} {} COMMIT",
      kApplicationId, kFormatVersion, kSchema, kEndpointState, kBatch);
  if (auto status = connection->execute(sql.c_str()); !status) return status;
  if (auto status = connection->checkpoint_and_close(); !status) return status;
  if (std::rename(draft.c_str(), path.c_str()) != 0)
    return core::fail_errno("cannot make the checkpoint", errno, path);
  return storage::sync_directory(directory);
}

core::Status SqliteStore::check() {
  std::error_code error;
  const bool whole = std::filesystem::file_size(path_, error) <= kFullCheckBytes;
  std::vector<const char*> checks = {"PRAGMA quick_check(1)"};
  if (!whole)
    checks = {"PRAGMA quick_check(job)",      "PRAGMA quick_check(generation)",
              "PRAGMA quick_check(endpoint)", "PRAGMA quick_check(model)",
              "PRAGMA quick_check(attempts)", "PRAGMA quick_check(block_keys)"};
  for (const char* sql : checks) {
    auto statement = connection_.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row || statement->bytes(0) != "ok")
      return corrupt(path_, fmt::format("the checkpoint is damaged ({})",
                                        *row ? statement->bytes(0) : "no result"));
  }
  return {};
}

}  // namespace sluice::store
