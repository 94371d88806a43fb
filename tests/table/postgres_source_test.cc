#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/postgres_server.h"
#include "tests/table/read_rows.h"

namespace sluice::table {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class PostgresSource : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
  }
  Spec spec() const {
    return {.database = Database::postgres, .url = core::Secret(server_->url())};
  }
  Rows table(const std::string& name, const std::function<void()>& between = [] {}) const {
    Spec from = spec();
    from.table = name;
    return rows_of(from, between);
  }
  Rows query(const std::string& sql) const {
    Spec from = spec();
    from.query = sql;
    return rows_of(from);
  }

  std::optional<PostgresServer> server_;
};

TEST_F(PostgresSource, GivesRowsWithTheirTypesAndNumbersAsWritten) {
  server_->run(
      "CREATE TABLE t (id bigint PRIMARY KEY, n numeric, f float8, s text, b bool, at timestamptz, "
      "d date, j json, jb jsonb, a int[], raw bytea, none text);"
      "INSERT INTO t VALUES (9223372036854775807, 12345678901234567890.10, 0.1, E'a\"\\n', true, "
      "'2024-05-06 07:08:09.5+02', '2024-05-06', E'{\"x\":\\n1.10}', '[1, 2.50]', '{1,null,3}', "
      "'\\x00ff', NULL), (2, 'NaN', 'Infinity', '', false, 'infinity', NULL, '1', 'null', '{}', "
      "'', "
      "NULL)");
  const Rows got = table("t");
  EXPECT_EQ(got.error, "");
  EXPECT_THAT(got.columns,
              ElementsAre("id", "n", "f", "s", "b", "at", "d", "j", "jb", "a", "raw", "none"));
  EXPECT_THAT(
      got.rows,
      ElementsAre(
          R"({"id":2,"n":"NaN","f":"Infinity","s":"","b":false,"at":"infinity","d":null,"j":1,"jb":null,"a":[],"raw":"\\x","none":null})",
          R"({"id":9223372036854775807,"n":12345678901234567890.10,"f":0.1,"s":"a\"\n","b":true,"at":"2024-05-06T05:08:09.5+00:00","d":"2024-05-06","j":{"x": 1.10},"jb":[1, 2.50],"a":[1,null,3],"raw":"\\x00ff","none":null})"));
}

TEST_F(PostgresSource, ReadsATableByItsKeyInPagesWithoutATransactionBetweenThem) {
  server_->run(
      "CREATE SCHEMA shop; CREATE TABLE shop.\"Order\" (\"No\" int, part text, PRIMARY KEY (part, "
      "\"No\")); INSERT INTO shop.\"Order\" SELECT i / 2, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END "
      "FROM generate_series(0, 49999) i ORDER BY random()");
  std::size_t open = 0;
  const Rows got = table("shop.Order", [&] {
    open +=
        server_->run("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'").size();
  });
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(open, 0u);
  ASSERT_EQ(got.rows.size(), 50'000u);
  for (std::size_t i = 0; i < 50'000; ++i)
    ASSERT_EQ(got.rows[i],
              fmt::format(R"({{"No":{},"part":"{}"}})", i % 25'000, i < 25'000 ? "a" : "b"));
}

TEST_F(PostgresSource, OfATableGoesOnBehindTheLastRowWhenTheConnectionIsLost) {
  server_->run(
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(1, 50000) "
      "i");
  int reads = 0;
  const Rows got = table("t", [&] {
    if (++reads % 10 == 0 && reads <= 30)
      server_->run(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
          "'sluice'");
  });
  EXPECT_EQ(got.error, "");
  ASSERT_EQ(got.rows.size(), 50'000u);
  for (std::size_t i = 0; i < 50'000; ++i)
    ASSERT_EQ(got.rows[i], fmt::format(R"({{"id":{}}})", i + 1));
}

TEST_F(PostgresSource, OfAQueryIsOneSnapshotInTheOrderAskedFor) {
  server_->run(
      "CREATE TABLE t (id int, ok bool); INSERT INTO t SELECT i, i % 2 = 0 FROM generate_series(1, "
      "4000) i");
  Spec from = spec();
  from.query = "WITH x AS (SELECT * FROM t WHERE ok) SELECT id FROM x ORDER BY id DESC; -- all";
  EXPECT_THAT(rows_of(from).error, HasSubstr("syntax error")) << "a comment hides the rest";
  from.query = "WITH x AS (SELECT * FROM t WHERE ok) SELECT id FROM x ORDER BY id DESC -- all\n;";
  int reads = 0;
  const Rows got = rows_of(from, [&] {
    if (++reads == 1) server_->run("DELETE FROM t");
  });
  EXPECT_EQ(got.error, "");
  ASSERT_EQ(got.rows.size(), 2000u);
  EXPECT_EQ(got.rows.front(), R"({"id":4000})");
  EXPECT_EQ(got.rows.back(), R"({"id":2})");
}

TEST_F(PostgresSource, ReadsViewsAndTablesWithoutAKey) {
  server_->run(
      "CREATE TABLE t (id int); INSERT INTO t VALUES (3), (1); CREATE VIEW v AS SELECT id + 1 AS n "
      "FROM t ORDER BY id");
  EXPECT_THAT(table("t").rows, ElementsAre(R"({"id":3})", R"({"id":1})"));
  EXPECT_THAT(table("v").rows, ElementsAre(R"({"n":2})", R"({"n":4})"));
}

TEST_F(PostgresSource, SaysWhatIsWrongWithoutShowingWhoAsks) {
  server_->run("CREATE TABLE tickets (id int); CREATE ROLE guarded LOGIN PASSWORD 'right-one'");
  EXPECT_THAT(table("ticket").error,
              HasSubstr("postgresql:///postgres: there is no table 'ticket': there are: tickets"));
  EXPECT_THAT(query("SELECT id, id FROM tickets").error, HasSubstr("two columns named 'id'"));
  EXPECT_THAT(query("SELECT none FROM tickets").error, HasSubstr("column \"none\" does not exist"));
  EXPECT_THAT(query("DELETE FROM tickets").error, HasSubstr("syntax error"));

  Spec from = spec();
  from.table = "tickets";
  from.url = core::Secret(server_->url("guarded") + " password=wrong-one");
  EXPECT_THAT(rows_of(from).error,
              AllOf(HasSubstr("cannot connect"), HasSubstr("password authentication failed"),
                    Not(HasSubstr("wrong-one")), Not(HasSubstr("guarded"))));
  from.url = core::Secret("postgresql://me:hidden@/x?port=abc%");
  EXPECT_THAT(rows_of(from).error, AllOf(HasSubstr("is not one"), Not(HasSubstr("hidden"))));
}

}  // namespace
}  // namespace sluice::table
