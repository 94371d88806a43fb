// The output has the answers to the input as it is: rows that changed, came, and went; and a job is
// the same from every working directory.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/cli/transcript.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

class AsItIsTest : public testing::Test {
 protected:
  struct Row {
    std::string id;
    std::string text;
    std::string kept = "k";
  };
  void write_rows(const std::vector<Row>& rows) const {
    std::string text;
    for (const Row& row : rows)
      text += "{\"id\":\"" + row.id + "\",\"text\":\"" + row.text + "\",\"kept\":\"" + row.kept +
              "\"}\n";
    world_.write("in.jsonl", text);
  }
  void write_job(const std::string& sink = "", const std::string& pack = "") const {
    world_.write("job.lua",
                 R"(
      local s = require "sluice"
      return s.pipeline {
        name = "as-it-is",
        s.read { "in.jsonl", key = "id" },
        s.pack { )" + pack +
                     R"(user = "{{text}}", answer = { colour = s.one_of { "red", "green" } } },
        s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 1 } } },
        s.sink { "out.jsonl")" +
                     sink +
                     R"( },
      })");
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const std::string& line : world_.lines("out.jsonl"))
      ids.push_back(line.substr(7, line.find('"', 7) - 7));
    std::ranges::sort(ids);
    return ids;
  }
  World::Ended audit() const {
    return world_.sluice({"audit", "job.lua", "--set", "base_url=" + world_.base_url()});
  }
  World::Ended run(int status = 0) {
    const World::Ended ended = world_.sluice(world_.run_job());
    EXPECT_EQ(ended.status, status) << ended.output << ended.errors;
    return ended;
  }

  void nightly_job(const std::function<World::Ended()>& night);

  World world_;
};

std::string text_of(int i) {
  return "row number " + std::to_string(i);
}

// 10,000 rows; then 100 have changed, 100 are new and 100 are gone. `night` runs the job.
void AsItIsTest::nightly_job(const std::function<World::Ended()>& night) {
  world_.start_mock();
  write_job("", "rows = 10, ");
  std::vector<Row> rows;
  for (int i = 0; i < 10'000; ++i) rows.push_back({"T-" + std::to_string(i), text_of(i)});
  write_rows(rows);
  ASSERT_EQ(night().status, 0);
  ASSERT_EQ(world_.mock_stats().rows, 10'000U);

  for (int i = 0; i < 100; ++i) rows[static_cast<std::size_t>(i)].text += " changed";
  rows.erase(rows.begin() + 5000, rows.begin() + 5100);
  for (int i = 0; i < 100; ++i) rows.push_back({"N-" + std::to_string(i), "new " + text_of(i)});
  write_rows(rows);
  const World::Ended second = night();
  EXPECT_EQ(second.status, 0) << second.output;
  EXPECT_EQ(world_.mock_stats().rows, 10'200U) << "what changed and what is new, and no more";
  EXPECT_NE(second.output.find("200 rows of earlier runs are no longer in the input as they were"),
            std::string::npos)
      << second.output;
  std::vector<std::string> expected;
  for (const Row& row : rows) expected.push_back(row.id);
  std::ranges::sort(expected);
  EXPECT_EQ(ids(), expected);
  const World::Ended audited = audit();
  EXPECT_EQ(audited.status, 0) << audited.output;
  EXPECT_NE(audited.output.find("10,000 in the input = 10,000 answered + 0 rejected + 0 pending"),
            std::string::npos)
      << audited.output;

  EXPECT_EQ(night().status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 10'200U);
  EXPECT_EQ(ids(), expected);
}

TEST_F(AsItIsTest, TheNightlyJob) {
  nightly_job([&] { return world_.sluice(world_.run_job()); });
}

TEST_F(AsItIsTest, TheNightlyJobFromCron) {
  std::filesystem::create_directory(world_.path("home"));
  nightly_job([&] {
    // cron's working directory and variables.
    World::Ended ended;
    ended.output = shell(
        world_, "cd home && env -i HOME=\"$PWD\" PATH=/usr/bin:/bin SHELL=/bin/sh " SLUICE_PROGRAM
                " run '" +
                    world_.path("job.lua") + "' --set base_url=" + world_.base_url() +
                    "; echo exit status $?");
    ended.status = ended.output.ends_with("exit status 0\n") ? 0 : 1;
    EXPECT_EQ(ended.status, 0) << ended.output;
    return ended;
  });
  EXPECT_TRUE(std::filesystem::is_empty(world_.path("home"))) << "all is beside the job";
}

TEST_F(AsItIsTest, AnotherModelAsksAllRowsAndSaysSoBefore) {
  world_.start_mock();
  write_job();
  write_rows({{"a", "one"}, {"b", "two"}});
  run();
  const auto with_models = [&](const std::string& first, const std::string& more) {
    write_job();
    std::string job = world_.read("job.lua");
    job.replace(job.find("\"mock\""), 6, "\"" + first + "\"");
    const std::string end = "price = { input = 1, output = 1 } }";
    job.insert(job.find(end) + end.size(), more);
    world_.write("job.lua", job);
  };
  const std::string said =
      "note: the pipeline file has changed since the last run: its answers are by models that are "
      "not asked any more; all of 2 rows are asked again, for about $";
  with_models("other", "");
  const World::Ended checked =
      world_.sluice({"check", "job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_TRUE(checked.output.contains(said.substr(6))) << checked.output;
  EXPECT_TRUE(run().errors.contains(said));
  EXPECT_EQ(world_.mock_stats().requests, 4U);

  with_models("other", R"(, s.openai { model = "third", base_url = s.param "base_url" })");
  EXPECT_FALSE(run().errors.contains(said));
  EXPECT_EQ(world_.mock_stats().requests, 4U) << "a model that is added asks nothing again";
}

TEST_F(AsItIsTest, ARowThatComesBackCostsNothing) {
  world_.start_mock();
  write_job();
  write_rows({{"a", "one"}, {"b", "two"}});
  run();
  write_rows({{"a", "one"}});
  run();
  EXPECT_EQ(ids(), (std::vector<std::string>{"a"}));
  write_rows({{"b", "two"}, {"a", "one"}});
  run();
  EXPECT_EQ(ids(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(world_.mock_stats().requests, 2U);
}

TEST_F(AsItIsTest, ALimitOrKeepMissingDropsNothing) {
  world_.start_mock();
  write_job();
  write_rows({{"a", "one"}, {"b", "two"}, {"c", "three"}});
  run();
  std::vector<std::string> limited = world_.run_job();
  limited.insert(limited.end(), {"--limit", "1"});
  EXPECT_EQ(world_.sluice(limited).status, 0);
  EXPECT_EQ(ids().size(), 3U);

  write_job(", keep_missing = true");
  write_rows({{"a", "one"}, {"b", "two changed"}});
  run();
  EXPECT_EQ(ids(), (std::vector<std::string>{"a", "b", "b", "c"}));
  const World::Ended audited = audit();
  EXPECT_EQ(audited.status, 0) << audited.output;
  EXPECT_NE(audited.output.find("keep_missing"), std::string::npos) << audited.output;

  write_job();
  run();
  EXPECT_EQ(ids(), (std::vector<std::string>{"a", "b"})) << "and without it they go";
}

TEST_F(AsItIsTest, AFieldThatIsKeptAndNotAskedAboutIsWrittenAnewAtNoCost) {
  world_.start_mock();
  write_job(", keep = { \"kept\" }");
  write_rows({{"a", "one", "old"}, {"b", "two", "old"}});
  run();
  write_rows({{"a", "one", "new"}, {"b", "two", "old"}});
  run();
  EXPECT_EQ(world_.mock_stats().requests, 2U);
  const auto lines = world_.lines("out.jsonl");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(std::ranges::any_of(
      lines, [](const std::string& line) { return line.contains(R"("id":"a","kept":"new")"); }));
}

TEST_F(AsItIsTest, AnInputWithoutRowsEmptiesTheOutputAndKeepsTheAnswers) {
  world_.start_mock();
  write_job();
  write_rows({{"a", "one"}, {"b", "two"}});
  run();
  write_rows({});
  run();
  EXPECT_TRUE(ids().empty());
  EXPECT_EQ(audit().status, 0);
  write_rows({{"a", "one"}, {"b", "two"}});
  run();
  EXPECT_EQ(ids().size(), 2U);
  EXPECT_EQ(world_.mock_stats().requests, 2U);
}

TEST_F(AsItIsTest, AJobIsTheSameFromEveryWorkingDirectory) {
  world_.start_mock();
  write_job();
  write_rows({{"a", "one"}, {"b", "two"}});
  run();
  // As cron would: from elsewhere, by the whole name.
  for (const std::string& file :
       {world_.path("job.lua"),
        world_.path("../") +
            std::filesystem::path(world_.path("")).parent_path().filename().string() +
            "/job.lua"}) {
    const World::Ended again =
        world_.sluice({"run", file, "--set", "base_url=" + world_.base_url()});
    EXPECT_EQ(again.status, 0) << again.output << again.errors;
    EXPECT_FALSE(again.errors.contains("changed")) << again.errors;
    EXPECT_EQ(world_.mock_stats().requests, 2U) << file;
  }
  EXPECT_EQ(ids().size(), 2U);
}

TEST_F(AsItIsTest, ACheckpointThatALaterProgramWouldLookForElsewhereIsNotLeftBehind) {
  world_.start_mock();
  write_job();
  write_rows({{"a", "one"}});
  std::filesystem::create_directory(world_.path("team"));
  std::filesystem::rename(world_.path("job.lua"), world_.path("team/job.lua"));
  std::filesystem::copy(world_.path("in.jsonl"), world_.path("team/in.jsonl"));
  // Where it lay when paths belonged to the working directory.
  std::filesystem::create_directories(world_.path(".sluice/as-it-is"));
  world_.write(".sluice/as-it-is/checkpoint.db", "as if");
  const World::Ended refused =
      world_.sluice({"run", "team/job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_EQ(refused.status, 3) << refused.output << refused.errors;
  EXPECT_TRUE(refused.errors.contains("mv .sluice/as-it-is team/.sluice/as-it-is"))
      << refused.errors;
  EXPECT_EQ(world_.mock_stats().requests, 0U);
}

}  // namespace
}  // namespace sluice::cli
