// What tables of a PostgreSQL server need beside a connection.
//
// Threads: one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/secret.h"
#include "postgres/connection.h"

namespace sluice::table {

using Postgres = postgres::Connection;
using postgres::PgResult;
using postgres::SqlError;
using postgres::SqlResult;

// When a connection that was there is lost: how long it is tried to have it again.
constexpr std::chrono::seconds kReconnectFor{120};
constexpr std::chrono::milliseconds kFirstBackoff{100};
constexpr std::chrono::milliseconds kMostBackoff{2'000};

core::Result<std::unique_ptr<Postgres>> connect_to(const core::Secret& url);

// "schema.table" or "table", as SQL.
std::string pg_table(std::string_view table);

// A table as the server has it.
struct PgTable {
  struct Column {
    std::string name;
    std::string type;  // "bigint", "numeric(10,2)"
    bool generated = false;
  };
  bool there = false;
  std::vector<Column> columns;
  std::vector<Column> key;  // of the primary key, in order
};
SqlResult<PgTable> describe(Postgres& server, std::string_view table);

// "there is no table 'x': there are: a, b"
core::Error no_such_table(Postgres& server, std::string_view table);

}  // namespace sluice::table
