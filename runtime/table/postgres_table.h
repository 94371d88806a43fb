// The statements by which lines of JSON become rows of a PostgreSQL table, and what the server's refusal
// of one means for a person.
//
// Threads: one.
#pragma once

#include <string>

#include "table/piece.h"
#include "table/postgres.h"

namespace sluice::table {

class PostgresTable {
 public:
  PostgresTable(const Target& target, std::string place);

  // What there is now. An Error where it cannot be what the mode makes of it.
  SqlResult<bool> look(Postgres& server);
  bool there() const { return there_.there; }
  SqlResult<bool> has_rows(Postgres& server) const;
  // Whether an upsert may go by the key.
  SqlResult<bool> has_unique_key(Postgres& server) const;

  // An Error for a column that the table has not.
  core::Status takes(const Piece& piece) const;
  // Within a transaction: makes the table where it is missing, empties it first for `again`, and puts
  // the lines in by its own types.
  SqlResult<bool> fill(Postgres& server, const Piece& piece, bool again) const;
  // The refusal of fill(), with the row and column that it is about.
  core::Error refused(Postgres& server, const Piece& piece, bool again,
                      const SqlError& error) const;

 private:
  std::string create(const Piece& piece) const;
  std::string insert(const Piece& piece) const;
  std::string column_refused(Postgres& server, std::string_view line) const;

  const Target& target_;
  const std::string place_;
  const std::string table_;  // as SQL
  PgTable there_;
};

}  // namespace sluice::table
