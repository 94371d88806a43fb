// s.postgres { … } and s.sqlite { … }: tables of databases, for s.read and s.sink.
#include <fmt/format.h>

#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr Option kUrl{.name = "url",
                      .type = secret,
                      .meaning =
                          "where the database is, as libpq takes it: "
                          "postgresql://user:password@host:5432/database, or \"host=… "
                          "dbname=…\"; it is never shown",
                      .example = "s.secret \"PG\"",
                      .required = true};
constexpr Option kTable{.name = "table",
                        .type = text,
                        .meaning =
                            "the table, \"schema.table\" where it is in another schema; "
                            "read whole, in the order of its primary key; s.sink makes it where "
                            "it is missing",
                        .example = "\"tickets\"",
                        .fallback = "in s.read: query; s.sink needs it",
                        .min = 1,
                        .max = 200};
constexpr Option kQuery{.name = "query",
                        .type = text,
                        .meaning =
                            "in s.read, in place of table: one SELECT; with an ORDER BY, "
                            "rows come in the same order each time",
                        .example = "\"select id, body from tickets where open order by id\"",
                        .fallback = "in s.read: table",
                        .min = 1,
                        .max = 1e6};

constexpr Option kMode{.name = "mode",
                       .type = choice,
                       .meaning =
                           "in s.sink: answers become further rows; or they take the place "
                           "of rows with their key; or they are the table's only rows",
                       .example = "\"upsert\"",
                       .fallback = "\"append\"",
                       .choices = "append|upsert|replace"};

constexpr Option kPostgres[] = {kUrl, kTable, kQuery, kMode};
constexpr Option kSqlite[] = {kTable, kQuery, kMode};

constexpr Section kTables[] = {
    {.name = "postgres",
     .kind = SectionKind::database,
     .meaning = "a table of a PostgreSQL database, in s.read and s.sink",
     .example = "s.read { s.postgres { url = s.secret \"PG\", query = \"select * from tickets "
                "order by id\" }, key = \"id\" }",
     .options = kPostgres},
    {.name = "sqlite",
     .kind = SectionKind::database,
     .meaning = "a table of an SQLite file, in s.read and s.sink",
     .example = "s.read { s.sqlite { \"tickets.db\", table = \"tickets\" }, key = \"id\" }",
     .options = kSqlite,
     .positional = {.word = "path",
                    .type = "text",
                    .luals = "string",
                    .meaning = "the file, relative to the pipeline file",
                    .example = "\"tickets.db\"",
                    .least = 1,
                    .most = 1}},
};

int push_table(lua_State* lua, const Arguments& arguments, std::string_view name,
               table::Spec spec) {
  spec.table = arguments.text("table").value_or("");
  spec.query = arguments.text("query").value_or("");
  if (spec.table.empty() == spec.query.empty()) {
    arguments.fail(spec.table.empty() ? fmt::format("{} has neither a table nor a query", name)
                                      : fmt::format("{} has both a table and a query", name),
                   "give it one of them: table = \"tickets\", or query = \"select …\"");
  }
  const std::string mode = arguments.text("mode").value_or("");
  if (mode == "append") spec.mode = table::Mode::append;
  if (mode == "upsert") spec.mode = table::Mode::upsert;
  if (mode == "replace") spec.mode = table::Mode::replace;
  const Place& place = arguments.place();
  push_node(
      lua,
      Node{.name = name, .source = place.source, .span = place.whole, .value = std::move(spec)});
  return 1;
}

}  // namespace

std::span<const Section> table_sections() {
  return kTables;
}

int construct_postgres(lua_State* lua) {
  const Arguments arguments(lua, section("postgres"));
  table::Spec spec{.database = table::Database::postgres};
  spec.url = arguments.secret("url");
  return push_table(lua, arguments, "postgres", std::move(spec));
}

int construct_sqlite(lua_State* lua) {
  const Arguments arguments(lua, section("sqlite"));
  return push_table(lua, arguments, "sqlite", {.file = arguments.text_item(1)});
}

table::Spec read_table(const Arguments& read, const Node& node) {
  const auto& spec = std::get<table::Spec>(node.value);
  if (spec.mode)
    read.fail_item(1, "mode is for s.sink: s.read changes nothing", "leave it out here");
  for (const std::string_view name :
       {"format", "path", "encoding", "delimiter", "header", "columns", "types", "null"}) {
    if (read.has(name))
      read.fail_key(name, fmt::format("{} is for files, and s.{} gives rows", name, node.name),
                    "leave it out");
  }
  return spec;
}

table::Spec sink_table(const Arguments& sink, const Node& node) {
  const auto& spec = std::get<table::Spec>(node.value);
  if (spec.table.empty())
    sink.fail_item(1, "sink cannot write to a query", "name a table: table = \"answers\"");
  return spec;
}

}  // namespace sluice::dsl
