// A table of a database, as a pipeline file names it: to read rows from, or to put answers into.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/secret.h"

namespace sluice::table {

enum class Database : std::uint8_t { sqlite, postgres };

// What answers become: rows behind those that are there; rows that take the place of those with their
// key; or the table's only rows.
enum class Mode : std::uint8_t { append, upsert, replace };

struct Spec {
  Database database = Database::sqlite;
  std::string file = {};          // SQLite
  core::Secret url = {};          // PostgreSQL: "postgresql://…", or "host=… dbname=…"
  std::string table = {};         // "answers" or "schema.answers"; empty = `query`
  std::string query = {};         // of a source: one SELECT
  std::optional<Mode> mode = {};  // of a target; none = append
};

// "sqlite:tickets.db:tickets", "postgres:query": what messages and the books call it. Never the address.
std::string name_of(const Spec& spec);

}  // namespace sluice::table
