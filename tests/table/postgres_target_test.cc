#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "table/postgres.h"
#include "tests/postgres_server.h"
#include "tests/table/deliver.h"
#include "tests/table/read_rows.h"

namespace sluice::table {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class PostgresTarget : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
  }
  Target target(Mode mode, const std::string& table = "answers") const {
    return {.spec = {.database = Database::postgres,
                     .url = core::Secret(server_->url()),
                     .table = table,
                     .mode = mode},
            .job = "job",
            .key = "id"};
  }
  std::vector<std::string> rows() const {
    Spec from = target(Mode::append).spec;
    return rows_of(from).rows;
  }
  std::vector<std::string> run(const std::string& sql) const { return server_->run(sql); }

  std::optional<PostgresServer> server_;
};

TEST_F(PostgresTarget, MakesTheTableWithTypesAndReadsBackWhatWasPut) {
  const std::string line =
      R"({"id":"T-1","n":7,"r":1.5,"ok":true,"tags":["a", {"b": 1.10}],"none":null,"text":"a\"\\b\n\t\\."})";
  Target to = target(Mode::upsert);
  to.columns = {{"n", format::ColumnType::number}};
  EXPECT_EQ(deliver(to, line + "\n"), "");
  EXPECT_THAT(rows(), ElementsAre(line));
  EXPECT_THAT(run("SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = "
                  "'answers'::regclass AND attnum > 0 ORDER BY attnum"),
              ElementsAre("text", "double precision", "double precision", "boolean", "jsonb",
                          "text", "text"));
}

TEST_F(PostgresTarget, ConvertsByTheTypesOfATableThatIsThere) {
  run("CREATE SCHEMA shop; CREATE TABLE shop.answers (id bigint, at timestamptz, price "
      "numeric(10,2), "
      "tags text[], raw bytea, made timestamptz DEFAULT '2024-01-01T00:00Z')");
  EXPECT_EQ(
      deliver(
          target(Mode::append, "shop.answers"),
          R"({"id":1,"at":"2024-05-06T07:08:09Z","price":1.10,"tags":["a","b"],"raw":"\\x00ff"})"
          "\n"),
      "");
  EXPECT_THAT(run("SET TimeZone = 'UTC'; SELECT * FROM shop.answers"),
              ElementsAre("1|2024-05-06 07:08:09+00|1.10|{a,b}|\\x00ff|2024-01-01 00:00:00+00"));
  EXPECT_THAT(run("SELECT job FROM shop.sluice_progress"), ElementsAre("job/shop.answers"));
}

// The long suite takes a million, and shows the rates beside psql's.
TEST_F(PostgresTarget, TwoHundredThousandRowsGoOutAndComeIn) {
  const char* wanted = std::getenv("SLUICE_TABLE_ROWS");
  const int count = wanted == nullptr ? 200'000 : std::atoi(wanted);
  std::string lines;
  for (int i = 0; i < count; ++i)
    lines += fmt::format("{{\"id\":{},\"a\":\"text of row {}\",\"ok\":{}}}\n", i, i, i % 2 == 0);
  const auto timed = [&](const char* what, const auto& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (wanted != nullptr) fmt::print("{:<24}{:>10.0f} rows/s\n", what, count / took.count());
  };
  timed("append", [&] { EXPECT_EQ(deliver(target(Mode::append, "plain"), lines, 60'000), ""); });
  timed("upsert", [&] { EXPECT_EQ(deliver(target(Mode::upsert), lines, 60'000), ""); });
  std::string back;
  timed("read", [&] {
    for (const std::string& row : rows()) back.append(row).append("\n");
  });
  EXPECT_TRUE(back == lines);
  if (wanted == nullptr) return;
  const Scratch scratch;
  const auto psql = [&](const std::string& command) {
    const std::string run =
        fmt::format("'{}/psql' -q -d \"{}\" -c \"{}\"", PostgresServer::programs(), server_->url(),
                    fmt::format(fmt::runtime(command), scratch.path("rows")));
    EXPECT_EQ(std::system(run.c_str()), 0) << run;
  };
  run("CREATE TABLE copied (LIKE plain)");
  timed("psql \\copy to a file", [&] { psql("\\copy plain TO '{}'"); });
  timed("psql \\copy from a file", [&] { psql("\\copy copied FROM '{}'"); });
}

TEST_F(PostgresTarget, UpsertPutsARowInThePlaceOfItsKeysAndTheLastOfOneKeyCounts) {
  run("CREATE TABLE answers (id int PRIMARY KEY, a text, note text); INSERT INTO answers VALUES "
      "(2, "
      "'old', 'kept')");
  EXPECT_EQ(deliver(target(Mode::upsert), std::string(kTwo) + "{\"id\":1,\"a\":\"last\"}\n"), "");
  EXPECT_THAT(run("SELECT * FROM answers ORDER BY id"), ElementsAre("1|last|NULL", "2|y|kept"));
  EXPECT_EQ(deliver(target(Mode::upsert), "{\"id\":1,\"a\":\"other\"}\n"), "")
      << "the lines are others now";
  EXPECT_THAT(run("SELECT * FROM answers ORDER BY id"), ElementsAre("1|other|NULL", "2|y|kept"));
}

TEST_F(PostgresTarget, ReplaceFillsTheTableAgainWhenTheLinesAreOthers) {
  EXPECT_EQ(deliver(target(Mode::replace), kTwo), "");
  EXPECT_EQ(deliver(target(Mode::replace), kTwo), "");
  EXPECT_EQ(deliver(target(Mode::replace), "{\"id\":9,\"a\":\"z\"}\n"), "");
  EXPECT_THAT(rows(), ElementsAre(R"({"id":9,"a":"z"})"));
  EXPECT_EQ(deliver(target(Mode::replace), ""), "");
  EXPECT_THAT(rows(), ElementsAre());
  run("DROP TABLE answers");
  EXPECT_EQ(deliver(target(Mode::replace), kTwo), "");
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(PostgresTarget, SaysWhatIsWrongWithTableColumnRowAndAdvice) {
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  EXPECT_THAT(deliver(target(Mode::append), "{\"id\":1,\"a\":\"changed\"}\n"),
              AllOf(HasSubstr("table 'answers'"), HasSubstr("cannot take rows back")));
  EXPECT_THAT(deliver(target(Mode::append), std::string(kTwo) + "{\"id\":7,\"b\":1}\n"),
              HasSubstr("table 'answers' has no column 'b', which the row with id 7 has: add it "
                        "(ALTER TABLE answers ADD COLUMN b bigint)"));
  std::string many = kTwo;
  for (int i = 3; i < 900; ++i) many += fmt::format("{{\"id\":{},\"a\":\"\"}}\n", i);
  many += "{\"id\":\"T-900\",\"a\":\"\"}\n{\"id\":901}\n";
  EXPECT_THAT(
      deliver(target(Mode::append), many),
      AllOf(HasSubstr("table 'answers' does not take the row with id \"T-900\" in column 'id'"),
            HasSubstr("invalid input syntax for type bigint"), HasSubstr("ALTER TABLE")));
  EXPECT_EQ(rows().size(), 2u) << "all of a piece or nothing";
  run("DELETE FROM sluice_progress");
  EXPECT_THAT(deliver(target(Mode::replace), kTwo), HasSubstr("rows that are not this job's"));
  EXPECT_THAT(deliver(target(Mode::upsert), kTwo),
              HasSubstr("needs the key of table 'answers' to be unique: CREATE UNIQUE INDEX"));
  EXPECT_THAT(deliver(target(Mode::append), "{\"id\":1,\"a\":\"\\u0000\"}\n"),
              AllOf(HasSubstr("the row with id 1 in column 'a'"), HasSubstr("\\u0000")));
}

TEST_F(PostgresTarget, SaysThatItCannotConnectWithoutShowingWhoAsks) {
  run("CREATE ROLE guarded LOGIN PASSWORD 'right-one'");
  Target to = target(Mode::append);
  to.spec.url = core::Secret(server_->url("guarded") + " password=wrong-one");
  EXPECT_THAT(deliver(to, kTwo), AllOf(HasSubstr("password authentication failed"),
                                       Not(HasSubstr("wrong-one")), Not(HasSubstr("guarded"))));
  to.spec.url = core::Secret(server_->url("guarded") + " password=right-one");
  EXPECT_THAT(deliver(to, kTwo), AllOf(HasSubstr("permission denied for schema public"),
                                       HasSubstr("CREATE TABLE IF NOT EXISTS")));
}

TEST_F(PostgresTarget, ARunThatAnotherHasOvertakenPutsNothing) {
  const auto first = make_target(target(Mode::append));
  ASSERT_TRUE(first->open().has_value());
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  const auto put = first->put(kTwo, stand_of(kTwo));
  ASSERT_FALSE(put.has_value());
  EXPECT_THAT(put.error().text(), HasSubstr("another run has put rows of this job"));
  EXPECT_EQ(rows().size(), 2u);
}

std::string numbered(int rows) {
  std::string lines;
  for (int i = 0; i < rows; ++i) lines += fmt::format("{{\"id\":{}}}\n", i);
  return lines;
}

TEST_F(PostgresTarget, ATableThatOneWhoWasKilledIsAboutToMakeIsNotTakenForOneThatWasDropped) {
  EXPECT_EQ(deliver(target(Mode::append), kTwo), "");
  run("CREATE TABLE rows AS SELECT * FROM answers; CREATE TABLE progress AS SELECT * FROM "
      "sluice_progress; "
      "DROP TABLE answers; DELETE FROM sluice_progress");
  // As it stands when the process was killed behind its COMMIT, and the server has not come to it yet.
  const auto killed = connect_to(core::Secret(server_->url()));
  ASSERT_TRUE(killed);
  for (const char* sql :
       {"BEGIN",
        "SELECT pg_advisory_xact_lock(hashtextextended('sluice:' || job, 0)) FROM progress",
        "CREATE TABLE answers (LIKE rows)", "INSERT INTO answers SELECT * FROM rows",
        "INSERT INTO sluice_progress SELECT * FROM progress"})
    ASSERT_TRUE((*killed)->run(sql)) << sql;
  std::thread next([&] { EXPECT_EQ(deliver(target(Mode::append), kTwo), ""); });
  while (run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") !=
         std::vector<std::string>{"1"})
    std::this_thread::yield();
  EXPECT_TRUE((*killed)->run("COMMIT"));
  next.join();
  EXPECT_EQ(rows().size(), 2u);
}

TEST_F(PostgresTarget, KilledAtTwentyMomentsLosesAndDoublesNothing) {
  const std::string lines = numbered(20'000);
  std::mt19937 random(7);
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(deliver(target(Mode::append), lines, 100).empty() ? 0 : 1);
    // A moment by chance: nothing is waited for.
    ::usleep(random() % 60'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) != 0);
  }
  EXPECT_EQ(deliver(target(Mode::append), lines, 5000), "");
  EXPECT_THAT(run("SELECT count(*), count(DISTINCT id) FROM answers"), ElementsAre("20000|20000"));
}

TEST_F(PostgresTarget, ConnectionsThatAreCutAtAnyMomentLoseAndDoubleNothing) {
  const std::string lines = numbered(20'000);
  std::atomic<bool> done = false;
  int cuts = 0;
  std::thread cutter([&] {
    while (!done && cuts < 12)
      cuts += static_cast<int>(
          run("SELECT pg_terminate_backend(pid), pg_sleep(0.05) FROM pg_stat_activity WHERE "
              "application_name = 'sluice'")
              .size());
  });
  EXPECT_EQ(deliver(target(Mode::append), lines, 50), "");
  done = true;
  cutter.join();
  EXPECT_GT(cuts, 3);
  EXPECT_THAT(run("SELECT count(*), count(DISTINCT id) FROM answers"), ElementsAre("20000|20000"));
}

TEST_F(PostgresTarget, AServerThatStartsAgainIsWaitedFor) {
  const std::string lines = numbered(2'000);
  const auto to = make_target(target(Mode::append));
  ASSERT_TRUE(to->open().has_value());
  const std::size_t half = lines.find("{\"id\":1000}");
  ASSERT_TRUE(to->put({lines.data(), half}, stand_of({lines.data(), half})).has_value());
  server_->stop(SIGQUIT);
  core::Status put;
  std::thread putter([&] { put = to->put(std::string_view(lines).substr(half), stand_of(lines)); });
  server_->start();
  putter.join();
  EXPECT_TRUE(put.has_value()) << put.error().text();
  EXPECT_THAT(run("SELECT count(*), count(DISTINCT id) FROM answers"), ElementsAre("2000|2000"));
}

}  // namespace
}  // namespace sluice::table
