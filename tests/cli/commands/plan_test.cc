// sluice plan and sluice simulate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class Plan : public testing::Test {
 protected:
  World::Ended run(const std::string& command, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {command, "job.lua", "--set", "base_url=" + url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  std::string url() const {
    return world_.base_url().empty() ? "http://127.0.0.1:1/v1" : world_.base_url();
  }
  // The number behind the first `"name":` of a text; -1 where there is none.
  static double number(const std::string& json, const std::string& name) {
    const std::size_t at = json.find("\"" + name + "\":");
    return at == json.npos ? -1 : std::strtod(json.c_str() + at + name.size() + 3, nullptr);
  }
  World world_;
};

TEST_F(Plan, SendsNothingAndWritesNothing) {
  world_.start_mock();
  world_.make_rows(500);
  world_.make_job(10, "rpm = 600, price = { input = 1, output = 2 }");
  const auto ended = run("plan");
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("500 in the input, 0 ended before"));
  EXPECT_THAT(ended.output, HasSubstr("51, of 10 rows each"));
  EXPECT_THAT(ended.output, HasSubstr("as written"));
  EXPECT_THAT(ended.output, HasSubstr("requests per minute"));
  EXPECT_EQ(run("simulate").status, 0);
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  EXPECT_FALSE(world_.has_checkpoint());
}

TEST_F(Plan, TakesFewRowsAndCountsTheRest) {
  world_.make_rows(3000);
  world_.make_job(1, "rpm = 600, price = { input = 1, output = 2 }");
  const auto ended = run("plan", {"--rows", "100", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(number(ended.output, "rows_sampled"), 100);
  EXPECT_EQ(number(ended.output, "rows"), 3000);
  EXPECT_NEAR(number(ended.output, "seconds"), 300 * 1.01, 15);
}

TEST_F(Plan, KnowsWhatARunHasMeasured) {
  world_.start_mock({"--latency-ms", "40", "--output-tokens", "77:0"});
  world_.make_rows(400);
  world_.make_job(1, "rpm = 6000, price = { input = 1, output = 2 }");
  EXPECT_THAT(run("plan").output, HasSubstr("(prior)"));
  ASSERT_EQ(run("run", {"--limit", "200"}).status, 0);
  const auto ended = run("plan", {"--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(number(ended.output, "rows_ended"), 200);
  EXPECT_THAT(ended.output, HasSubstr("output_tokens\",\"value\":77,"));
  EXPECT_THAT(ended.output, HasSubstr("\"origin\":\"measured\""));
  const double planned = number(ended.output, "cost_usd");
  EXPECT_THAT(run("plan").output, HasSubstr("77 out (measured)"));
  ASSERT_EQ(run("run").status, 0);
  const auto status = run("status", {"--json"});
  const double cost = number(status.output, "cost_usd");
  ASSERT_GT(cost, 0) << status.output;
  EXPECT_NEAR(planned / (cost / 2), 1, 0.05);
  EXPECT_EQ(number(run("plan", {"--json"}).output, "requests"), 0);
}

TEST_F(Plan, AsksWhatWouldBeIf) {
  world_.make_rows(600);
  world_.make_job(1, "rpm = 60, price = { input = 1, output = 2 }");
  const double usual = number(run("plan", {"--json"}).output, "seconds");
  const double twice = number(run("plan", {"--json", "--what-if", "rpm=x2"}).output, "seconds");
  EXPECT_NEAR(usual / twice, 2, 0.1);
  const auto both = run("simulate", {"--what-if", "rpm=x2", "--what-if", "rpm=x4"});
  EXPECT_EQ(both.status, 0) << both.errors;
  for (const char* name : {"as it is", "rpm=x2", "rpm=x4"})
    EXPECT_THAT(both.output, HasSubstr(name));
  const auto wrong = run("plan", {"--what-if", "speed=x2"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.errors, HasSubstr("there is no \"speed\" to change"));
}

TEST_F(Plan, AnInputThatCannotBeLookedAtTwiceIsToldOf) {
  world_.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline { name = "job",
  s.read { "-" },
  s.pack { rows = 1, user = "{{text}}" },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
  s.sink { "out.jsonl" } }
)lua");
  const auto ended = run("plan");
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.errors, HasSubstr("standard input: a plan takes and sends nothing"));
}

TEST_F(Plan, SaysWhatAnUnknownEngineAndAWrongTimeShouldBe) {
  world_.make_rows(1);
  world_.make_job(1);
  EXPECT_THAT(run("plan", {"--engine", "abacus"}).errors, HasSubstr("--engine"));
  EXPECT_THAT(run("plan", {"--latency", "soon"}).errors, HasSubstr("as in 2.5s"));
  EXPECT_THAT(run("plan", {"--per-hour", "mock=-1"}).errors, HasSubstr("a number above 0"));
}

TEST_F(Plan, ARunKeepsItsPlanAndItsTimeline) {
  world_.start_mock();
  world_.make_rows(300);
  world_.make_job(1, "rpm = 60000, price = { input = 1, output = 2 }");
  ASSERT_EQ(run("run").status, 0);
  const std::string plan = world_.read(".sluice/job/plan.json");
  EXPECT_EQ(number(plan, "requests"), 303);
  const auto lines = world_.lines(".sluice/job/timeline.jsonl");
  ASSERT_GE(lines.size(), 2u);
  EXPECT_THAT(lines.back(), HasSubstr("\"run\":\"finished\""));
  EXPECT_EQ(number(lines.back(), "rows"), 300);
}

TEST_F(Plan, ASimulationIsAPageToo) {
  world_.make_rows(300);
  world_.make_job(1, "rpm = 60, price = { input = 1, output = 2 }");
  const auto ended = run("simulate", {"--what-if", "rpm=x2", "--page", "what-if.html"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  const std::string page = world_.read("what-if.html");
  EXPECT_THAT(page, HasSubstr("rpm=x2"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"http")));
}

}  // namespace
}  // namespace sluice::cli
