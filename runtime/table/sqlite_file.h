// An SQLite file that is the user's own, as values: a connection, a statement, errors that say what to
// do. (The checkpoint's file has its own, store/sqlite.h, whose errors are about the checkpoint.)
//
// Threads: one.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::table {

// Another process may hold a lock for so long.
constexpr int kSqliteBusyMs = 30'000;

class SqliteStatement {
 public:
  SqliteStatement() = default;
  SqliteStatement(sqlite3_stmt* statement, std::string file)
      : statement_(statement), file_(std::move(file)) {}

  // Parameters count from 1; texts are borrowed until reset().
  void bind(int at, std::int64_t value);
  void bind(int at, std::string_view text);
  void bind(int at, const sqlite3_value* value);
  core::Result<bool> step();  // true: a row is there
  core::Status run();         // to the end, and reset
  void reset();

  int columns() const { return sqlite3_column_count(statement_.get()); }
  std::string name(int column) const { return sqlite3_column_name(statement_.get(), column); }
  std::string_view text(int column) const;
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  sqlite3_stmt* raw() const { return statement_.get(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string file_;
};

class SqliteFile {
 public:
  // `flags`: SQLITE_OPEN_…
  static core::Result<SqliteFile> open(const std::string& path, int flags);

  core::Status execute(const std::string& sql);
  core::Result<SqliteStatement> prepare(const std::string& sql);
  // What went wrong last.
  core::Error error() const;
  sqlite3* raw() const { return db_.get(); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

struct SqliteTable {
  bool there = false;
  bool view = false;                 // or virtual: without an order of its own
  std::vector<std::string> columns;  // in order
  std::vector<std::string> types;    // as declared
  std::vector<std::string> key;      // of the primary key, in order
  std::string rowid;                 // by what name its rows' number goes; empty = it has none
};
core::Result<SqliteTable> describe(SqliteFile& file, const std::string& table);

// "it has: tickets, customers": the tables of the file, for people.
std::string tables_of(SqliteFile& file);

}  // namespace sluice::table
