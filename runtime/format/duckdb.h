// DuckDB, which reads and writes Parquet here. It is an optional part: a shared library that is looked
// for when it is first needed (docs/data.md, Parquet); a program without it is as it is.
//
// Threads: load() and Connection::open() any; a Connection and its Rows one at a time. All connections
// of a purpose share one database, in memory, without threads of its own: who asks computes.
//
// Limits: kMemory of all connections of a purpose together, on top of which stand the chunks that are handed out.
// Nothing is spilled to disk and nothing is fetched: DuckDB's extensions are neither installed nor loaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "format/duckdb_api.h"

namespace sluice::format::duckdb {

constexpr std::string_view kVersion = "1.5";  // the releases that are taken: 1.5.x
constexpr std::string_view kMemory = "2GB";

// SLUICE_DUCKDB is the library's path; else libduckdb.so beside the program, in ../lib, and wherever
// the dynamic linker looks. An Error (ErrorCode::io) says what was tried and what to do. Loaded once.
core::Result<const Api*> load();

// A statement's rows as they are made, in order.
class Rows {
 public:
  Rows(const Api& api, Statement statement, Result result)
      : api_(api), statement_(statement), result_(result) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  struct Column {
    std::string name;
    Type type = nullptr;  // the caller gives it back
  };
  Count columns() { return api_.column_count(&result_); }
  Column column(Count i) {
    return {api_.column_name(&result_, i), api_.column_logical_type(&result_, i)};
  }
  // The next chunk, valid until the next call; null after the last.
  core::Result<Chunk> next();

 private:
  const Api& api_;
  Statement statement_;
  Result result_;
  Chunk chunk_ = nullptr;
};

class Connection {
 public:
  // For writing, DuckDB does not promise to keep the order of rows: then alone it takes a bound of row
  // groups in bytes. Rows of one source in one thread are in order all the same.
  enum class Purpose : std::uint8_t { reading, writing };
  static core::Result<std::unique_ptr<Connection>> open(Purpose purpose = Purpose::reading);
  Connection(const Api& api, Session session) : api_(api), session_(session) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { api_.disconnect(&session_); }

  const Api& api() const { return api_; }
  Session session() const { return session_; }
  // An Error (ErrorCode::io) has DuckDB's words, on one line.
  core::Status run(const std::string& sql);
  core::Result<std::unique_ptr<Rows>> stream(const std::string& sql);
  // The one number that a statement gives.
  core::Result<std::int64_t> number(const std::string& sql);

 private:
  const Api& api_;
  Session session_;
};

// `name` in SQL, in double quotes; `text` in single ones.
std::string quoted_name(std::string_view name);
std::string quoted_text(std::string_view text);

}  // namespace sluice::format::duckdb
