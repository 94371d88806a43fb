#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "tests/scratch.h"
#include "tests/table/deliver.h"
#include "tests/table/read_rows.h"
#include "tests/table/sqlite_database.h"

namespace sluice::table {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class SqliteTarget : public testing::Test {
 protected:
  Target target(Mode mode) const {
    return {
        .spec = {.file = db_.path(), .table = "answers", .mode = mode}, .job = "job", .key = "id"};
  }
  std::vector<std::string> rows() const {
    return rows_of({.file = db_.path(), .table = "answers"}).rows;
  }

  Scratch scratch_;
  SqliteDatabase db_{scratch_.path("t.db")};
};

TEST_F(SqliteTarget, MakesTheTableWithTypesAndReadsBackWhatWasPut) {
  const std::string line =
      R"({"id":"T-1","n":7,"r":1.5,"ok":true,"tags":["a",{"b":1.10}],"none":null,"text":"a\"\\b\n"})";
  Target to = target(Mode::append);
  to.columns = {{"n", format::ColumnType::number}};
  EXPECT_EQ(deliver(to, line + "\n"), "");
  EXPECT_THAT(
      rows(),
      ElementsAre(
          R"({"id":"T-1","n":7,"r":1.5,"ok":true,"tags":["a",{"b":1.10}],"none":null,"text":"a\"\\b\n"})"));
  EXPECT_THAT(db_.column("SELECT type FROM pragma_table_info('answers')"),
              ElementsAre("TEXT", "REAL", "REAL", "BOOLEAN", "JSON", "TEXT", "TEXT"));
}

TEST_F(SqliteTarget, GoesOnWhereItStandsAndPutsNothingTwice) {
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  EXPECT_EQ(deliver(target(Mode::append), std::string(kTwo) + "{\"id\":3,\"a\":\"z\"}\n"), "");
  EXPECT_EQ(rows().size(), 3u);
}

TEST_F(SqliteTarget, TwoHundredThousandRowsGoOutAndComeIn) {
  constexpr int kRows = 200'000;
  std::string lines;
  for (int i = 0; i < kRows; ++i)
    lines += fmt::format("{{\"id\":{},\"a\":\"text of row {}\",\"ok\":{}}}\n", i, i, i % 2 == 0);
  EXPECT_EQ(deliver(target(Mode::upsert), lines, 20'000), "");
  std::string back;
  for (const std::string& row : rows()) back.append(row).append("\n");
  EXPECT_TRUE(back == lines);
}

TEST_F(SqliteTarget, UpsertPutsARowInThePlaceOfItsKeys) {
  db_.run(
      "CREATE TABLE answers (id INTEGER PRIMARY KEY, a TEXT, note TEXT); INSERT INTO answers "
      "VALUES (2, 'old', 'kept')");
  EXPECT_EQ(deliver(target(Mode::upsert), kTwo), "");
  EXPECT_THAT(rows(),
              ElementsAre(R"({"id":1,"a":"x","note":null})", R"({"id":2,"a":"y","note":"kept"})"));
  EXPECT_EQ(deliver(target(Mode::upsert), "{\"id\":1,\"a\":\"other\"}\n"), "")
      << "the lines are others now";
  EXPECT_THAT(rows(), ElementsAre(R"({"id":1,"a":"other","note":null})",
                                  R"({"id":2,"a":"y","note":"kept"})"));
}

TEST_F(SqliteTarget, ReplaceFillsTheTableAgainWhenTheLinesAreOthers) {
  EXPECT_EQ(deliver(target(Mode::replace), kTwo), "");
  EXPECT_EQ(deliver(target(Mode::replace), "{\"id\":9,\"a\":\"z\"}\n"), "");
  EXPECT_THAT(rows(), ElementsAre(R"({"id":9,"a":"z"})"));
  EXPECT_EQ(deliver(target(Mode::replace), ""), "");
  EXPECT_THAT(rows(), ElementsAre());
}

TEST_F(SqliteTarget, FillsATableThatWasDroppedAgain) {
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  db_.run("DROP TABLE answers");
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(SqliteTarget, TwoJobsAndTwoTablesOfOneFileStandApart) {
  Target other = target(Mode::append);
  other.job = "other";
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  EXPECT_EQ(deliver(other, kTwo), "");
  EXPECT_EQ(rows().size(), 4u);
  EXPECT_THAT(db_.column("SELECT job FROM sluice_progress ORDER BY 1"),
              ElementsAre("job/answers", "other/answers"));
}

TEST_F(SqliteTarget, SaysWhatIsWrongWithTableColumnRowAndAdvice) {
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  EXPECT_THAT(deliver(target(Mode::append), "{\"id\":1,\"a\":\"changed\"}\n"),
              AllOf(HasSubstr("table 'answers'"), HasSubstr("cannot take rows back"),
                    HasSubstr("DELETE FROM sluice_progress WHERE job = 'job/answers'")));
  EXPECT_THAT(deliver(target(Mode::append), std::string(kTwo) + "{\"id\":7,\"b\":1}\n"),
              HasSubstr("table 'answers' has no column 'b', which the row with id 7 has: add it "
                        "(ALTER TABLE answers ADD COLUMN b INTEGER)"));
  db_.run("DELETE FROM sluice_progress");
  EXPECT_THAT(deliver(target(Mode::replace), kTwo), HasSubstr("rows that are not this job's"));
  EXPECT_THAT(deliver(target(Mode::upsert), kTwo),
              HasSubstr("needs the key of table 'answers' to be unique: CREATE UNIQUE INDEX"));
  db_.run("DROP TABLE answers; CREATE TABLE answers (id INTEGER, a INTEGER) STRICT");
  EXPECT_THAT(deliver(target(Mode::append), kTwo),
              AllOf(HasSubstr("table 'answers' does not take the row with id 1"),
                    HasSubstr("cannot store TEXT value in INTEGER column answers.a")));
  EXPECT_EQ(rows().size(), 0u) << "all of a piece or nothing";
}

TEST_F(SqliteTarget, ARunThatAnotherHasOvertakenPutsNothing) {
  const auto first = make_target(target(Mode::append));
  ASSERT_TRUE(first->open().has_value());
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  const auto put = first->put(kTwo, stand_of(kTwo));
  ASSERT_FALSE(put.has_value());
  EXPECT_THAT(put.error().text(), HasSubstr("another run has put rows of this job"));
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(SqliteTarget, KilledAtTwentyMomentsLosesAndDoublesNothing) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += fmt::format("{{\"id\":{}}}\n", i);
  std::mt19937 random(7);
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(deliver(target(Mode::append), lines, 100).empty() ? 0 : 1);
    // A moment by chance: nothing is waited for.
    ::usleep(random() % 30'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) != 0);
  }
  EXPECT_EQ(deliver(target(Mode::append), lines, 5000), "");
  EXPECT_THAT(db_.column("SELECT count(*) || ' ' || count(DISTINCT id) FROM answers"),
              ElementsAre("20000 20000"));
}

}  // namespace
}  // namespace sluice::table
