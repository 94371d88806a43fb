#include "table/postgres.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "table/row_json.h"

namespace sluice::table {
namespace {

// So that values are written in one way whatever the server's settings are, and no wait of ours ends a
// transaction.
constexpr char kSession[] =
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; "
    "SET extra_float_digits = 1; SET bytea_output = 'hex'; SET synchronize_seqscans = off; "
    "SET idle_in_transaction_session_timeout = 0; SET tcp_keepalives_idle = 30; "
    "SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; SET lock_timeout = '60s'";

}  // namespace

core::Result<std::unique_ptr<Postgres>> connect_to(const core::Secret& url) {
  return Postgres::connect(url, {.called = "the url of s.postgres", .session = kSession});
}

std::string pg_table(std::string_view table) {
  const std::size_t dot = table.find('.');
  if (dot == table.npos) return sql_name(table);
  return sql_name(table.substr(0, dot)) + "." + sql_name(table.substr(dot + 1));
}

SqlResult<PgTable> describe(Postgres& server, std::string_view table) {
  const std::vector<std::string> name = {pg_table(table)};
  PgTable found;
  auto columns = server.run(
      "SELECT attname, format_type(atttypid, atttypmod), attgenerated <> '' OR attidentity = 'a' "
      "FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped "
      "ORDER BY attnum",
      name);
  if (!columns) return std::unexpected(columns.error());
  for (int i = 0; i < columns->rows(); ++i)
    found.columns.push_back({std::string(columns->text(i, 0)), std::string(columns->text(i, 1)),
                             columns->text(i, 2) == "t"});
  auto key = server.run(
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_index i "
      "CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place) "
      "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
      "WHERE i.indrelid = to_regclass($1) AND i.indisprimary ORDER BY k.place",
      name);
  if (!key) return std::unexpected(key.error());
  for (int i = 0; i < key->rows(); ++i)
    found.key.push_back({std::string(key->text(i, 0)), std::string(key->text(i, 1))});
  found.there = !found.columns.empty();
  return found;
}

core::Error no_such_table(Postgres& server, std::string_view table) {
  constexpr int kMost = 10;
  std::vector<std::string> names;
  if (const auto list = server.run(
          "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p', 'f') AND "
          "pg_table_is_visible(oid) AND relnamespace::regnamespace::text NOT IN ('pg_catalog', "
          "'information_schema') ORDER BY relname LIMIT 11")) {
    for (int i = 0; i < list->rows(); ++i) names.emplace_back(i == kMost ? "…" : list->text(i, 0));
  }
  return {core::ErrorCode::pipeline,
          fmt::format("there is no table '{}': {}{}", table,
                      names.empty() ? "the schemas that are looked in (search_path) have none; "
                                      "name it with its schema, \"schema.table\""
                                    : "there are: ",
                      fmt::join(names, ", ")),
          server.place()};
}

}  // namespace sluice::table
