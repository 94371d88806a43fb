// SQLite's C interface as values: a connection, a statement, and errors that a person can act on.
//
// Threads: a Connection and its Statements belong to one thread at a time.
//
// A Statement must be finished (run(), or reset() after the last row) before the next transaction
// step: an unfinished reader pins the write-ahead log.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::store {

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Parameters count from 1. Bytes are borrowed until the statement is reset.
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::uint64_t value) {
    return bind(at, static_cast<std::int64_t>(value));
  }
  Statement& bind_blob(int at, std::string_view bytes);
  Statement& bind_text(int at, std::string_view text);

  core::Result<bool> step();  // true: a row is there to be read
  core::Status run();         // to the end, and reset
  void reset();

  // Columns count from 0; views last until the next step() or reset().
  std::int64_t integer(int column) const;
  std::uint64_t unsigned_integer(int column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  std::string_view bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  // `flags`: SQLITE_OPEN_…. Closing never checkpoints the write-ahead log, so that looking at a
  // file does not change it; checkpoint_and_close() does.
  static core::Result<Connection> open(const std::string& path, int flags);
  // To read a file without a log that nobody writes to meanwhile. No file is made beside it.
  static core::Result<Connection> open_unchanging(const std::string& path);

  core::Status execute(const char* sql);
  core::Result<Statement> prepare(std::string_view sql);
  // All statements must be gone.
  core::Status checkpoint_and_close();

 private:
  static core::Result<Connection> open_name(const std::string& name, const std::string& path,
                                            int flags);
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

// The last error of `db` as a value: what could not be done, why, and what to do about it.
// `system`: the errno of it, where the caller knows one.
core::Error sqlite_error(sqlite3* db, int system = 0);
std::unexpected<core::Error> corrupt(const std::string& path, std::string_view what);

}  // namespace sluice::store
