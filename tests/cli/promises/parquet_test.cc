// A job from Parquet to Parquet, killed on its way: every row once, in both files.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <random>

#include "format/duckdb.h"
#include "tests/cli/world.h"
#include "tests/duckdb.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

const auto kRows = static_cast<int>(at_scale(20'000, 6000));
const auto kRequests = static_cast<std::uint64_t>(kRows) / 20;

class ParquetJob : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_DUCKDB()
    auto connection = format::duckdb::Connection::open();
    ASSERT_TRUE(connection.has_value()) << connection.error().text();
    duckdb_ = std::move(*connection);
    for (const auto& [name, from] : {std::pair{"in-1", 0}, std::pair{"in-2", kRows / 2}}) {
      const auto made = duckdb_->run(fmt::format(
          "COPY (SELECT i AS id, 'row ' || i AS text, i / 10 AS score, DATE '2024-01-01' AS day, "
          "[i, i + 1] AS list FROM range({}, {}) t(i)) TO '{}.parquet' (FORMAT parquet, "
          "ROW_GROUP_SIZE 2048)",
          from, from + kRows / 2, world_.path(name)));
      ASSERT_TRUE(made.has_value()) << made.error().text();
    }
    world_.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in-*.parquet", key = "id" },
  s.pack { rows = 20, user = "{{text}} {{score}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", max_output_tokens = 4000,
                          price = { input = 1, output = 2 } }, retries = 30 },
  s.parse { retries = 8 },
  s.sink { "out.jsonl", keep = { "score", "day", "list" } },
}
)lua");
  }
  World::Ended of_job(const std::string& command, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {command, "job.lua", "--set",
                                          "base_url=" + world_.base_url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  std::int64_t number(const std::string& sql) const {
    const auto found = duckdb_->number(sql);
    EXPECT_TRUE(found.has_value()) << found.error().text();
    return found.value_or(-1);
  }

  World world_;
  std::unique_ptr<format::duckdb::Connection> duckdb_;
};

TEST_F(ParquetJob, KilledAndResumedEndsWithEachRowOnceInParquetToo) {
  world_.start_mock({"--latency-ms", "5", "--drop-row", "0.02"});
  std::mt19937_64 random(1);
  for (std::uint64_t kill = 1; kill <= 4; ++kill) {
    const auto run = world_.start(world_.run_job());
    world_.wait_for_requests(kill * kRequests * 3 / 20 + random() % (kRequests / 20));
    run->signal(SIGKILL);
    run->wait();
  }
  const auto run = of_job("run");
  ASSERT_EQ(run.status, 0) << run.errors;
  const auto audit = of_job("audit");
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  EXPECT_THAT(audit.output,
              HasSubstr(fmt::format("{0},000 in the input = {0},000 answered", kRows / 1000)));

  const auto exported = of_job("export", {"--to", "out.parquet"});
  ASSERT_EQ(exported.status, 0) << exported.errors;
  const std::string out = "read_parquet('" + world_.path("out.parquet") + "')";
  EXPECT_EQ(number("SELECT count(*) FROM " + out), kRows);
  EXPECT_EQ(number("SELECT count(DISTINCT id) FROM " + out), kRows);
  EXPECT_EQ(number(fmt::format(
                "SELECT count(*) FROM {} WHERE colour IN ('red', 'green', 'blue') AND "
                "typeof(id) = 'BIGINT' AND typeof(list) = 'BIGINT[]' AND score = id / 10 AND "
                "day = '2024-01-01' AND list = [id, id + 1]",
                out)),
            kRows);

  // A kill of the export leaves no half file, and the whole one that was there.
  const std::string before = world_.read("out.parquet");
  const auto again = world_.start(
      {"export", "job.lua", "--set", "base_url=" + world_.base_url(), "--to", "out.parquet"});
  again->signal(SIGKILL);
  again->wait();
  EXPECT_EQ(world_.read("out.parquet") == before, true);
}

TEST_F(ParquetJob, ThatIsCutOffEndsWithItsNameAndWhatToDo) {
  const std::string whole = world_.read("in-2.parquet");
  world_.write("in-2.parquet", whole.substr(0, whole.size() - 1000));
  world_.start_mock();
  const auto run = of_job("run");
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("in-2.parquet: is a Parquet file that is cut off"));
  world_.write("in-2.parquet", whole);
  EXPECT_EQ(of_job("run").status, 0);
  EXPECT_EQ(of_job("audit").status, 0);
}

TEST_F(ParquetJob, ShowsItsColumnsInCheckAndNeedsTheLibrary) {
  world_.start_mock();
  const auto check = of_job("check");
  EXPECT_EQ(check.status, 0) << check.errors;
  EXPECT_THAT(check.output,
              HasSubstr(fmt::format(
                  "in-1.parquet is Parquet, {} rows in {} row groups; columns: id BIGINT, "
                  "text VARCHAR, score DOUBLE, day DATE, list BIGINT[]",
                  kRows / 2, (kRows / 2 + 2047) / 2048)));
  EXPECT_THAT(check.output, HasSubstr(R"({"id":0,"text":"row 0","score":0.0,"day":"2024-01-01",)"));
  ::setenv("SLUICE_DUCKDB", "/nowhere/libduckdb.so", 1);
  const auto without = of_job("check");
  ::unsetenv("SLUICE_DUCKDB");
  EXPECT_EQ(without.status, 5);
  EXPECT_THAT(without.errors, HasSubstr("in-1.parquet: Parquet is read and written by DuckDB's "
                                        "library, libduckdb.so 1.5, which is not here"));
  EXPECT_THAT(without.errors, HasSubstr("set SLUICE_DUCKDB to its path"));
}

}  // namespace
}  // namespace sluice::cli
