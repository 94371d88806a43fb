#include "store/sqlite.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace sluice::store {
namespace {

// Only `sluice status`, while it recovers the log of a crashed run, can hold a lock that we need.
constexpr int kBusyTimeoutMs = 5000;

std::string advice(const std::string& path) {
  return fmt::format(
      "It was left as it is. Restore it from a copy, or move {} away to start the job anew",
      path.empty() ? "it" : path);
}

}  // namespace

core::Error sqlite_error(sqlite3* db, int system) {
  const char* file = sqlite3_db_filename(db, "main");
  std::string path = file != nullptr ? file : "";
  const int code = sqlite3_extended_errcode(db);
  if (system == 0) system = sqlite3_system_errno(db);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {core::ErrorCode::corrupt,
              fmt::format("the checkpoint is damaged ({}). {}", sqlite3_errmsg(db), advice(path)),
              path};
    case SQLITE_FULL:
      return {core::ErrorCode::io,
              "the disk is full: free some space and run again; nothing that was committed is lost",
              path};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: {
      std::string why = sqlite3_errmsg(db);
      if (system != 0) why += ": " + std::generic_category().message(system);
      return {core::ErrorCode::io,
              fmt::format("the checkpoint cannot be read or written ({}): mend that and run again; "
                          "nothing that was committed is lost",
                          why),
              path};
    }
    default:
      return {core::ErrorCode::io, fmt::format("the checkpoint failed: {}", sqlite3_errmsg(db)),
              path};
  }
}

std::unexpected<core::Error> corrupt(const std::string& path, std::string_view what) {
  return core::fail(core::ErrorCode::corrupt, fmt::format("{}. {}", what, advice(path)), path);
}

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes) {
  // A null pointer would bind NULL; an empty blob is meant.
  sqlite3_bind_blob64(statement_.get(), at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_text(int at, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), at, text.empty() ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

core::Result<bool> Statement::step() {
  // SQLite does not keep the system's error of a failed COMMIT; errno still has it.
  errno = 0;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  core::Error error = sqlite_error(sqlite3_db_handle(statement_.get()), errno);
  reset();
  return std::unexpected(std::move(error));
}

core::Status Statement::run() {
  while (true) {
    auto row = step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

core::Result<Connection> Connection::open(const std::string& path, int flags) {
  return open_name(path, path, flags);
}

core::Result<Connection> Connection::open_unchanging(const std::string& path) {
  std::string name = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      name += c;
    }
  }
  return open_name(name + "?immutable=1", path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

core::Result<Connection> Connection::open_name(const std::string& name, const std::string& path,
                                               int flags) {
  Connection connection;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  connection.db_.reset(raw);
  if (raw == nullptr) return core::fail(core::ErrorCode::io, "SQLite is out of memory", path);
  if (code != SQLITE_OK) {
    core::Error error = sqlite_error(raw);
    error.where = path;
    return std::unexpected(std::move(error));
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return connection;
}

core::Status Connection::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(sqlite_error(db_.get()));
  return {};
}

core::Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(db_.get()));
  return Statement(raw);
}

core::Status Connection::checkpoint_and_close() {
  // A reader in another process may hold the log: it is then left for the next run, which is as
  // safe.
  const int code =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  core::Status status;
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
    status = std::unexpected(sqlite_error(db_.get()));
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  db_.reset();
  return status;
}

}  // namespace sluice::store
