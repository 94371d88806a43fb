// How far the logs of other machines are in the file: in a table that is made when the first of them is taken.
#include "store/sqlite_store.h"

namespace sluice::store {

core::Result<std::map<std::string, TakenLog>> SqliteStore::taken_logs() {
  std::map<std::string, TakenLog> logs;
  const auto there = first_number(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'taken_log'");
  if (!there) return std::unexpected(there.error());
  if (*there == 0) return logs;
  auto statement = connection_.prepare("SELECT name, last, parts, booked_at, whole FROM taken_log");
  if (!statement) return std::unexpected(statement.error());
  while (true) {
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return logs;
    logs[std::string(statement->bytes(0))] = {.last = statement->unsigned_integer(1),
                                              .parts = statement->unsigned_integer(2),
                                              .booked_at = statement->unsigned_integer(3),
                                              .whole = statement->integer(4) != 0};
  }
}

core::Status SqliteStore::put_taken_log(const std::string& name, const TakenLog& log) {
  if (auto made = connection_.execute(
          "CREATE TABLE IF NOT EXISTS taken_log(name TEXT PRIMARY KEY, "
          "last INTEGER NOT NULL, parts INTEGER NOT NULL, booked_at INTEGER NOT NULL, "
          "whole INTEGER NOT NULL) STRICT");
      !made)
    return made;
  auto statement = connection_.prepare("INSERT OR REPLACE INTO taken_log VALUES(?, ?, ?, ?, ?)");
  if (!statement) return std::unexpected(statement.error());
  return statement->bind_text(1, name)
      .bind(2, log.last)
      .bind(3, log.parts)
      .bind(4, log.booked_at)
      .bind(5, std::int64_t{log.whole})
      .run();
}

}  // namespace sluice::store
