// sluice status: the books by endpoint and outcome, for people and for programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(StatusCommand, TellsWhatEachOutcomeUsed) {
  World world;
  world.make_rows(40);
  world.make_job(1);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  const JobStatus job = world.status();
  const auto text = world.sluice({"status", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.output, testing::StartsWith(
                               "job\n  rows      40 read: 40 answered, 0 rejected, 0 pending\n"));
  EXPECT_THAT(text.output, ContainsRegex("requests +input tokens +cached +output tokens +reasoning"
                                         " +cost\n  127.0.0.1:[0-9]+/mock\n    answered +40 "));
  EXPECT_THAT(text.output, Not(HasSubstr("failed")));
  EXPECT_THAT(text.output, Not(HasSubstr("all endpoints")));
  EXPECT_THAT(text.output, Not(HasSubstr("charged")));

  const auto json = world.sluice({"status", "--json", "job.lua", "--set", "base_url=http://none"});
  const std::string input = std::to_string(job.input_tokens);
  const std::string output = std::to_string(job.output_tokens);
  // price = { input = 1, output = 2 } dollars per million tokens
  const std::string cost =
      std::to_string(job.input_tokens * 1'000'000 + job.output_tokens * 2'000'000);
  EXPECT_THAT(json.output, HasSubstr("\"cost_picodollars\":" + cost + ","));
  EXPECT_THAT(json.output, HasSubstr(R"("charged":{"requests":0,"cost_usd":0)"));
  EXPECT_THAT(json.output, HasSubstr(R"("outcomes":{"answered":{"requests":40,"input_tokens":)" +
                                     input + R"(,"cached_tokens":0,"output_tokens":)" + output));
  EXPECT_THAT(json.output, HasSubstr(R"("failed":{"requests":0,"input_tokens":0)"));
}

TEST(StatusCommand, FailuresStandOnALineOfTheirOwn) {
  World world;
  world.make_rows(60);
  world.make_job(1);
  world.start_mock({"--error-500", "0.2"});
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  const JobStatus job = world.status();
  ASSERT_GT(job.failed_requests, 0u);
  const auto text = world.sluice({"status", "job.lua", "--set", "base_url=http://none"});
  EXPECT_THAT(text.output, ContainsRegex("    answered +60 "));
  EXPECT_THAT(text.output,
              ContainsRegex("    failed +" + std::to_string(job.failed_requests) + " "));
}

}  // namespace
}  // namespace sluice::cli
