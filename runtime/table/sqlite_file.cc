#include "table/sqlite_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace sluice::table {
namespace {

core::Error error_of(sqlite3* db, const std::string& path) {
  const std::string why = sqlite3_errmsg(db);
  switch (sqlite3_extended_errcode(db) & 0xff) {
    case SQLITE_NOTADB:
      return {core::ErrorCode::corrupt, "this is not an SQLite database: name another file", path};
    case SQLITE_CORRUPT:
      return {core::ErrorCode::corrupt,
              fmt::format("this database is damaged ({}): restore it from a copy", why), path};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {core::ErrorCode::busy,
              fmt::format("another program has held this database for {} s: run again when it is "
                          "done",
                          kSqliteBusyMs / 1000),
              path};
    case SQLITE_FULL:
      return {core::ErrorCode::io, "the disk is full: free some space and run again", path};
    case SQLITE_CANTOPEN:
      return {core::ErrorCode::io,
              "this database cannot be opened: there is no such file, or it may not be read", path};
    default:
      return {core::ErrorCode::io, fmt::format("SQLite: {}", why), path};
  }
}

}  // namespace

void SqliteStatement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
}
void SqliteStatement::bind(int at, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), at, text.empty() ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
}
void SqliteStatement::bind(int at, const sqlite3_value* value) {
  sqlite3_bind_value(statement_.get(), at, value);
}

core::Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  core::Error error = error_of(sqlite3_db_handle(statement_.get()), file_);
  reset();
  return std::unexpected(std::move(error));
}

core::Status SqliteStatement::run() {
  while (true) {
    auto row = step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) break;
  }
  reset();
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
}

std::string_view SqliteStatement::text(int column) const {
  // sqlite3_column_blob of a text is the same bytes, and of a number its text.
  const void* data = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

core::Result<SqliteFile> SqliteFile::open(const std::string& path, int flags) {
  SqliteFile file;
  file.path_ = path;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  file.db_.reset(raw);
  if (raw == nullptr) return core::fail(core::ErrorCode::io, "SQLite is out of memory", path);
  if (code != SQLITE_OK) return std::unexpected(error_of(raw, path));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kSqliteBusyMs);
  // Names in double quotes that are not there are errors, not texts.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // A file that is not a database is opened all the same: the first look at it tells.
  if (auto looked = file.execute("SELECT count(*) FROM sqlite_master"); !looked)
    return std::unexpected(looked.error());
  return file;
}

core::Status SqliteFile::execute(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error());
  return {};
}

core::Result<SqliteStatement> SqliteFile::prepare(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
    return std::unexpected(error());
  return SqliteStatement(raw, path_);
}

core::Error SqliteFile::error() const {
  return error_of(db_.get(), path_);
}

core::Result<SqliteTable> describe(SqliteFile& file, const std::string& table) {
  SqliteTable found;
  auto list =
      file.prepare("SELECT type, wr, name FROM pragma_table_list(?1) WHERE schema = 'main'");
  if (!list) return std::unexpected(list.error());
  list->bind(1, table);
  auto row = list->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return found;
  found.there = true;
  found.view = list->text(0) != "table";
  const bool has_rowid = !found.view && list->integer(1) == 0;
  list->reset();

  auto columns = file.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid");
  if (!columns) return std::unexpected(columns.error());
  columns->bind(1, table);
  std::vector<std::pair<std::int64_t, std::string>> key;
  while (true) {
    row = columns->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    found.columns.emplace_back(columns->text(0));
    found.types.emplace_back(columns->text(1));
    if (columns->integer(2) > 0) key.emplace_back(columns->integer(2), found.columns.back());
  }
  std::ranges::sort(key);
  for (auto& [place, name] : key) found.key.push_back(std::move(name));
  if (has_rowid) {
    for (const std::string_view name : {"rowid", "_rowid_", "oid"}) {
      const bool taken = std::ranges::any_of(found.columns, [&](const std::string& column) {
        return sqlite3_stricmp(column.c_str(), name.data()) == 0;
      });
      if (!taken && found.rowid.empty()) found.rowid = name;
    }
  }
  return found;
}

std::string tables_of(SqliteFile& file) {
  constexpr std::size_t kMost = 10;
  std::vector<std::string> names;
  auto list = file.prepare(
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE "
      "'sqlite\\_%' "
      "ESCAPE '\\' ORDER BY name");
  if (!list) return {};
  while (names.size() <= kMost) {
    const auto row = list->step();
    if (!row || !*row) break;
    names.emplace_back(list->text(0));
  }
  if (names.empty()) return "it has no tables";
  if (names.size() > kMost) names.back() = "…";
  return fmt::format("it has: {}", fmt::join(names, ", "));
}

}  // namespace sluice::table
