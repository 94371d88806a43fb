#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scratch.h"
#include "tests/table/read_rows.h"
#include "tests/table/sqlite_database.h"

namespace sluice::table {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqliteSource : public testing::Test {
 protected:
  Rows table(const std::string& name) const { return rows_of({.file = db_.path(), .table = name}); }
  Rows query(const std::string& sql) const { return rows_of({.file = db_.path(), .query = sql}); }

  Scratch scratch_;
  SqliteDatabase db_{scratch_.path("t.db")};
};

TEST_F(SqliteSource, GivesATablesRowsAsObjectsWithTheirTypes) {
  db_.run(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, big INTEGER, r REAL, s TEXT, b BLOB, ok BOOLEAN, j "
      "JSON, n TEXT)");
  db_.run(
      "INSERT INTO t VALUES (1, 9223372036854775807, 0.1, 'a\"b\n', x'00ff', 1, '{\"x\": "
      "1.10,\n\"y\":[]}', NULL), (2, -1, 1e300, 'ü', x'', 0, 'not json', NULL)");
  const Rows got = table("t");
  EXPECT_EQ(got.error, "");
  EXPECT_THAT(got.columns, ElementsAre("id", "big", "r", "s", "b", "ok", "j", "n"));
  EXPECT_THAT(
      got.rows,
      ElementsAre(
          R"({"id":1,"big":9223372036854775807,"r":0.1,"s":"a\"b\n","b":"\\x00ff","ok":true,"j":{"x": 1.10, "y":[]},"n":null})",
          R"({"id":2,"big":-1,"r":1e+300,"s":"ü","b":"\\x","ok":false,"j":"not json","n":null})"));
}

TEST_F(SqliteSource, ReadsATableInTheOrderOfItsRowidWhateverWasWrittenFirst) {
  db_.run("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (3), (-5), (1)");
  EXPECT_THAT(table("t").rows, ElementsAre(R"({"id":-5})", R"({"id":1})", R"({"id":3})"));
}

TEST_F(SqliteSource, ReadsATableWithoutRowidByItsPrimaryKeyPageByPage) {
  db_.run(
      "CREATE TABLE t (a TEXT, b INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID;"
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) "
      "INSERT INTO t SELECT 'a' || (i % 10), i / 10 FROM n");
  const Rows got = table("t");
  ASSERT_EQ(got.rows.size(), 5000u);
  for (std::size_t i = 0; i < 5000; ++i)
    ASSERT_EQ(got.rows[i], fmt::format(R"({{"a":"a{}","b":{}}})", i % 10, i / 10));
}

TEST_F(SqliteSource, LetsOthersWriteBetweenThePagesOfATable) {
  db_.run(
      "CREATE TABLE t (id INTEGER PRIMARY KEY);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
      "INSERT INTO t SELECT i FROM n");
  int pages = 0;
  const Rows got = rows_of({.file = db_.path(), .table = "t"}, [&] {
    if (++pages == 1) db_.run("INSERT INTO t VALUES (9999)");
  });
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.rows.size(), 2501u);
  EXPECT_GE(pages, 3);
}

TEST_F(SqliteSource, KeepsARowidOfItsOwnApartFromAColumnOfThatName) {
  db_.run("CREATE TABLE t (rowid TEXT, v INTEGER); INSERT INTO t VALUES ('b', 1), ('a', 2)");
  EXPECT_THAT(table("t").rows, ElementsAre(R"({"rowid":"b","v":1})", R"({"rowid":"a","v":2})"));
}

TEST_F(SqliteSource, GivesTheRowsOfAQueryAndOfAView) {
  db_.run(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, ok BOOLEAN); INSERT INTO t VALUES (1, 0), (2, 1);"
      "CREATE VIEW v AS SELECT id * 10 AS ten FROM t");
  EXPECT_THAT(query("SELECT ok, id FROM t ORDER BY id DESC; \n").rows,
              ElementsAre(R"({"ok":true,"id":2})", R"({"ok":false,"id":1})"));
  EXPECT_THAT(table("v").rows, ElementsAre(R"({"ten":10})", R"({"ten":20})"));
}

TEST_F(SqliteSource, RejectsARowWhoseTextIsNotUtf8AndGoesOn) {
  db_.run("CREATE TABLE t (s TEXT); INSERT INTO t VALUES (CAST(x'ff' AS TEXT)), ('b')");
  EXPECT_THAT(table("t").rows, ElementsAre("!the text in column 's' is not UTF-8", R"({"s":"b"})"));
}

TEST_F(SqliteSource, SaysWhatIsWrongAndWhatThereIs) {
  db_.run("CREATE TABLE tickets (id INTEGER); CREATE TABLE users (id INTEGER)");
  EXPECT_THAT(table("ticket").error,
              HasSubstr("t.db: there is no table 'ticket': it has: tickets, users"));
  EXPECT_THAT(query("SELECT id, id FROM tickets").error,
              HasSubstr("two columns named 'id': name one of them with AS id2"));
  EXPECT_THAT(query("DELETE FROM tickets").error, HasSubstr("must be one SELECT"));
  EXPECT_THAT(query("SELECT missing FROM tickets").error, HasSubstr("no such column: missing"));
  EXPECT_THAT(rows_of({.file = scratch_.path("none.db"), .table = "t"}).error,
              HasSubstr("there is no such file"));
  EXPECT_THAT(
      rows_of({.file = scratch_.write("text.db", std::string(4096, 'x')), .table = "t"}).error,
      HasSubstr("not an SQLite database"));
}

TEST_F(SqliteSource, OfATableWithoutRowsHasItsColumnsAndEnds) {
  db_.run("CREATE TABLE t (id INTEGER)");
  const Rows got = table("t");
  EXPECT_THAT(got.rows, IsEmpty());
  EXPECT_THAT(got.columns, ElementsAre("id"));
}

}  // namespace
}  // namespace sluice::table
