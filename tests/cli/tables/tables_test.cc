// Tables of databases as input and output of jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <optional>
#include <random>

#include "tests/cli/world.h"
#include "tests/postgres_server.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Tables : public testing::Test {
 protected:
  // `read` and `sink`: what stands in s.read and s.sink.
  void make_job(const std::string& read, const std::string& sink) const {
    world_.write("job.lua", R"(local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { )" + read + R"(, key = "id" },
  s.pack { rows = 20, user = "{{text}}",
           answer = { colour = s.one_of { "red", "green" }, size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = 0 } },
  s.sink { )" + sink + R"( },
}
)");
  }
  World::Ended run() const { return world_.sluice(world_.run_job()); }
  World world_;
};

class SqliteTables : public Tables {
 protected:
  // "rows.db" by a job of its own, so that no other program is wanted.
  void SetUp() override {
    world_.make_rows(kRows);
    world_.start_mock();
    make_job("'in.jsonl'", "s.sqlite { 'rows.db', table = 'tickets' }, keep = 'row'");
    const auto ended = run();
    ASSERT_EQ(ended.status, 0) << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr("sqlite:rows.db:tickets: 1,000 rows\n"));
    std::filesystem::remove_all(world_.path(".sluice"));
  }
  static constexpr std::size_t kRows = 1000;
};

TEST_F(SqliteTables, AreReadAndWrittenByJobs) {
  make_job("s.sqlite { 'rows.db', table = 'tickets' }",
           "s.sqlite { 'rows.db', table = 'answers', mode = 'upsert' }");
  ASSERT_EQ(run().status, 0);
  EXPECT_THAT(run().output, HasSubstr("sqlite:rows.db:answers: 1,000 rows, as before"));
  make_job("s.sqlite { 'rows.db', query = 'SELECT * FROM tickets t JOIN answers a USING (id)' }",
           "'out.jsonl'");
  EXPECT_THAT(run().errors, HasSubstr("two columns named 'colour'"));
  make_job(
      "s.sqlite { 'rows.db', query = \"SELECT t.* FROM tickets t JOIN answers a USING (id) "
      "WHERE id <> 'T-7'\" }",
      "'out.jsonl'");
  ASSERT_EQ(run().status, 0);
  EXPECT_EQ(world_.lines("out.jsonl").size(), kRows - 1);
  const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output;
}

TEST_F(SqliteTables, AreLookedAtByCheck) {
  make_job("s.sqlite { 'rows.db', table = 'tickets' }", "'out.jsonl'");
  const auto check = world_.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1"});
  EXPECT_EQ(check.status, 0);
  EXPECT_THAT(check.output, AllOf(HasSubstr("reads      sqlite:rows.db:tickets"),
                                  HasSubstr("columns: id, text, colour, size"),
                                  HasSubstr("first row  {\"id\":\"T-")));  // as they were answered
  make_job("s.sqlite { 'rows.db', table = 'ticket' }", "'out.jsonl'");
  EXPECT_THAT(world_.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1"}).errors,
              HasSubstr("there is no table 'ticket': it has: sluice_progress, tickets"));
}

TEST_F(SqliteTables, SayBeforeAnythingIsAskedThatTheyCannotTakeTheAnswers) {
  const auto asked = world_.mock_stats().requests;
  make_job("'in.jsonl'", "s.sqlite { 'rows.db', table = 'sluice_progress', mode = 'replace' }");
  const auto refused = run();
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.errors, HasSubstr("rows that are not this job's"));
  EXPECT_EQ(world_.mock_stats().requests, asked);
}

class PostgresTables : public Tables {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
    ::setenv("PG_URL", server_->url().c_str(), 1);
    world_.start_mock();
    server_->run(
        "CREATE TABLE tickets (id int PRIMARY KEY, text text); INSERT INTO tickets SELECT i, "
        "'ticket number ' || i FROM generate_series(1, 4000) i");
    make_job("s.postgres { url = s.secret 'PG_URL', table = 'tickets' }",
             "s.postgres { url = s.secret 'PG_URL', table = 'answers', mode = 'upsert' }");
  }
  std::optional<PostgresServer> server_;
};

TEST_F(PostgresTables, AreReadAndWrittenByAJobThatIsKilledAtTwentyMoments) {
  std::mt19937_64 random(7);
  for (int kill = 0; kill < 20; ++kill) {
    const auto job = world_.start(world_.run_job());
    // A moment by chance: nothing is waited for.
    ::usleep(static_cast<useconds_t>(random() % 400'000));
    job->signal(SIGKILL);
    job->wait();
  }
  const auto ended = run();
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("postgres:answers: 4,000 rows"));
  EXPECT_THAT(server_->run("SELECT count(*), count(DISTINCT id), count(colour) FROM answers"),
              ElementsAre("4000|4000|4000"));
  EXPECT_THAT(server_->run("SELECT job FROM sluice_progress"), ElementsAre("job/answers"));
  // An answer whose row has left stays with upsert; a changed row's is put in its place.
  server_->run(
      "DELETE FROM tickets WHERE id > 3990; UPDATE tickets SET text = 'other' WHERE id = 1");
  ASSERT_EQ(run().status, 0);
  EXPECT_THAT(server_->run("SELECT count(*), count(DISTINCT id) FROM answers"),
              ElementsAre("4000|4000"));
}

TEST_F(PostgresTables, ShowNothingOfTheAddressButItsDatabase) {
  server_->run("CREATE ROLE guarded LOGIN PASSWORD 'right-one'");
  ::setenv("PG_URL", (server_->url("guarded") + " password=wrong-one").c_str(), 1);
  const auto refused = run();
  EXPECT_EQ(refused.status, 5) << refused.errors;
  EXPECT_THAT(refused.errors, AllOf(HasSubstr("postgresql:///postgres: cannot connect"),
                                    HasSubstr("password authentication failed"),
                                    Not(HasSubstr("wrong-one")), Not(HasSubstr("guarded"))));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

}  // namespace
}  // namespace sluice::cli
