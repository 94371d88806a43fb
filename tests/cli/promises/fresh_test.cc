// run --fresh starts over, and what was there is set aside; a changed question says what it costs.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

std::vector<std::string> beside(const World& world, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.path(""))) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix + ".before-")) names.push_back(entry.path());
  }
  return names;
}

TEST(FreshTest, AsksAllAnewAndKeepsWhatWasThere) {
  World world;
  world.start_mock();
  world.make_rows(20);
  world.make_job(1);
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  const std::string answers = world.read("out.jsonl");

  std::vector<std::string> fresh = world.run_job();
  fresh.push_back("--fresh");
  const World::Ended again = world.sluice(fresh);
  EXPECT_EQ(again.status, 0) << again.errors;
  EXPECT_EQ(world.mock_stats().requests, 40U);
  EXPECT_EQ(wrong_with_output(world, 20), "");
  const auto aside = beside(world, "out.jsonl");
  ASSERT_EQ(aside.size(), 1U);
  std::string kept(answers.size() + 1, '\0');
  std::FILE* file = std::fopen(aside[0].c_str(), "rb");
  ASSERT_NE(file, nullptr);
  kept.resize(std::fread(kept.data(), 1, kept.size(), file));
  std::fclose(file);
  EXPECT_EQ(kept, answers);
  EXPECT_TRUE(again.errors.contains("set aside: ")) << again.errors;
}

TEST(FreshTest, OnAJobThatNeverRanIsARunAndNothingMore) {
  World world;
  world.start_mock();
  world.make_rows(3);
  world.make_job(1);
  std::vector<std::string> fresh = world.run_job();
  fresh.push_back("--fresh");
  EXPECT_EQ(world.sluice(fresh).status, 0);
  EXPECT_EQ(wrong_with_output(world, 3), "");
}

TEST(ChangedQuestionTest, SaysHowManyRowsAreAskedAgainAndForHowMuch) {
  World world;
  world.start_mock();
  world.make_rows(30);
  const auto job = [&](const std::string& system) {
    world.write("job.lua", R"(local s = require "sluice"
      return s.pipeline { name = "changed", s.read { "in.jsonl", key = "id" },
        s.pack { system = ")" + system +
                               R"(", user = "{{text}}" },
        s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 1 } } },
        s.sink { "out.jsonl" } })");
  };
  job("Answer.");
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  job("Answer well.");
  const World::Ended again = world.sluice(world.run_job());
  EXPECT_EQ(again.status, 0);
  EXPECT_TRUE(again.errors.contains("about 30 of 30 rows are asked again, for about $0.0"))
      << again.errors;
}

}  // namespace
}  // namespace sluice::cli
