// Whole jobs by the real program against the mock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_ledger_equals_mock(const World& world) {
  const MockStats mock = world.mock_stats();
  const JobStatus job = world.status();
  EXPECT_EQ(job.requests, mock.requests);
  EXPECT_EQ(job.answered_requests, mock.answered);
  EXPECT_EQ(job.input_tokens, mock.input_tokens);
  EXPECT_EQ(job.output_tokens, mock.output_tokens);
}

TEST(Run, AnswersEveryRowAndBooksWhatTheProviderCounted) {
  World world;
  world.make_rows(1000);
  world.make_job(20);
  world.start_mock();
  const auto run = world.sluice(world.run_job());
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("1,000 read, 1,000 answered, 0 rejected"));
  EXPECT_EQ(wrong_with_output(world, 1000), "");
  expect_ledger_equals_mock(world);
  EXPECT_EQ(world.status().maybe_billed, 0u);
}

TEST(Run, AFinishedJobAsksNothingAgain) {
  World world;
  world.make_rows(300);
  world.make_job(1);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  const std::string before = world.read("out.jsonl");
  const std::uint64_t asked = world.mock_stats().requests;
  EXPECT_EQ(asked, 300u);
  EXPECT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(world.mock_stats().requests, asked);
  EXPECT_EQ(world.read("out.jsonl"), before);
}

TEST(Run, AsksOnlyRowsThatWereAdded) {
  World world;
  world.make_rows(300);
  world.make_job(1);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  world.make_rows(350);
  EXPECT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(world.mock_stats().requests, 350u);
  EXPECT_EQ(wrong_with_output(world, 350), "");
}

TEST(Run, EqualQuestionsAreAskedOnce) {
  World world;
  std::string rows;
  for (int i = 0; i < 200; ++i) {
    rows += "{\"id\":\"T-" + std::to_string(i) + "\",\"text\":\"text " + std::to_string(i % 10) +
            "\"}\n";
  }
  world.write("in.jsonl", rows);
  world.make_job(1);
  world.start_mock({"--latency-ms", "20"});
  EXPECT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(world.mock_stats().requests, 10u);
  EXPECT_EQ(wrong_with_output(world, 200), "");
}

TEST(Run, AnotherPromptAsksAgainAndTheOldOneIsStillKnown) {
  World world;
  world.make_rows(50);
  world.make_job(1);
  world.start_mock();
  const std::string job = world.read("job.lua");
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);

  std::string changed = job;
  changed.replace(changed.find("Say the colour"), 14, "Name a colour!");
  world.write("job.lua", changed);
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(world.mock_stats().requests, 100u);
  EXPECT_EQ(wrong_with_output(world, 50), "");

  world.write("job.lua", job);
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(world.mock_stats().requests, 100u)
      << "the first prompt's answers are in the checkpoint";
  EXPECT_EQ(wrong_with_output(world, 50), "");
}

TEST(Run, LuaFunctionsRenderCheckAndParse) {
  World world;
  world.make_rows(40);
  world.start_mock();
  const auto job = [&](const std::string& concurrency, const std::string& suffix) {
    world.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.validate { check = function(row)
    if row.id == "T-7" then return false, "seven is out" end
    return true
  end },
  s.pack {
    user = function(row) return "Look: " .. row.text end,
    answer = { colour = s.one_of { "red", "green" } },
  },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", max_concurrency = )lua" +
                               concurrency + R"lua( } },
  s.parse { function(answer, row)
    answer.colour = answer.colour .. ")lua" +
                               suffix + R"lua(" .. #row.id
    return answer
  end },
  s.sink { "out.jsonl" },
}
)lua");
    return world.sluice(world.run_job());
  };
  const auto first = job("4", "-of-");
  EXPECT_EQ(first.status, 1) << first.errors;
  EXPECT_EQ(wrong_with_output(world, 40), "");
  EXPECT_THAT(world.read("out.rejects.jsonl"), HasSubstr("seven is out"));
  EXPECT_THAT(world.read("out.jsonl"),
              testing::ContainsRegex("\"id\":\"T-12\",\"colour\":\"(red|green)-of-4\""));
  EXPECT_EQ(world.mock_stats().requests, 39u);

  job("8", "-of-");
  EXPECT_EQ(world.mock_stats().requests, 39u) << "an edit elsewhere in the file asks nothing again";
  job("8", "-OF-");
  EXPECT_EQ(world.mock_stats().requests, 78u) << "another parse function is another question";
  EXPECT_THAT(world.read("out.jsonl"), HasSubstr("-OF-4"));
  EXPECT_EQ(wrong_with_output(world, 40), "");
}

TEST(Run, GoesThroughFaultsToTheEnd) {
  World world;
  world.make_rows(2000);
  world.make_job(10, "", "s.parse { retries = 6 }");
  world.start_mock({"--error-500", "0.05", "--error-429", "0.05", "--reset", "0.03", "--truncate",
                    "0.03", "--garble", "0.03", "--drop-row", "0.05", "--double-row", "0.05",
                    "--foreign-id", "0.05"});
  // The stage list is in order in a pipeline file: parse stands before sink.
  std::string job = world.read("job.lua");
  const std::string parse = "s.parse { retries = 6 }";
  job.erase(job.rfind(parse), parse.size());
  job.insert(job.find("s.sink"), parse + ",\n  ");
  world.write("job.lua", job);

  const auto run = world.sluice(world.run_job());
  EXPECT_EQ(run.status, 0) << run.output << run.errors;
  EXPECT_EQ(wrong_with_output(world, 2000), "");
  const MockStats mock = world.mock_stats();
  const JobStatus status = world.status();
  EXPECT_EQ(status.answered, 2000u);
  EXPECT_EQ(status.requests, mock.requests) << "every attempt is in the books, failed ones too";
  EXPECT_EQ(status.input_tokens, mock.input_tokens);
  EXPECT_EQ(status.output_tokens, mock.output_tokens);
}

TEST(Run, RowsThatCannotBeAskedAreRejectedWholeAndTheRunGoesOn) {
  World world;
  world.write(
      "in.jsonl",
      "{\"id\":\"T-0\",\"text\":\"fine\"}\nno json\n{\"id\":\"T-1\"}\n{\"text\":\"no key\"}\n");
  world.make_job(1);
  world.start_mock();
  const auto run = world.sluice(world.run_job());
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.output, HasSubstr("4 read, 1 answered, 3 rejected"));
  std::set<std::string> rejects;
  for (const std::string& line : world.lines("out.rejects.jsonl")) rejects.insert(line);
  EXPECT_THAT(rejects, testing::UnorderedElementsAre(HasSubstr(R"("reason":"not_json")"),
                                                     HasSubstr(R"("reason":"missing_field")"),
                                                     HasSubstr(R"("reason":"no_key")")));
}

TEST(Run, ABudgetStopsTheJobBelowItAndAHigherOneGoesOn) {
  World world;
  world.make_rows(400);
  world.make_job(1, "max_output_tokens = 60, max_concurrency = 4");
  world.start_mock();
  const std::string job = world.read("job.lua");
  const auto with_budget = [&](const std::string& budget) {
    std::string text = job;
    text.insert(text.find("s.dispatch {") + 12, " budget = \"" + budget + "\",");
    world.write("job.lua", text);
    return world.sluice(world.run_job());
  };
  const auto poor = with_budget("$0.006");
  EXPECT_EQ(poor.status, 4) << poor.errors;
  EXPECT_THAT(poor.output, HasSubstr("budget"));
  const MockStats mock = world.mock_stats();
  const double billed = static_cast<double>(mock.input_tokens) * 1e-6 +
                        static_cast<double>(mock.output_tokens) * 2e-6;
  EXPECT_LE(billed, 0.006);
  EXPECT_GT(billed, 0.003) << "the budget was hardly used";
  EXPECT_GT(world.status().pending, 0u);
  EXPECT_EQ(with_budget("$5").status, 0);
  EXPECT_EQ(wrong_with_output(world, 400), "");
}

TEST(Run, ADeadlineStopsTheJobAndTheNextRunGoesOn) {
  World world;
  world.make_rows(100);
  world.make_job(1, "max_concurrency = 2");
  world.start_mock({"--latency-ms", "80"});
  const std::string job = world.read("job.lua");
  std::string hurried = job;
  hurried.insert(hurried.find("s.dispatch {") + 12, " deadline = \"2s\",");
  world.write("job.lua", hurried);
  const auto run = world.sluice(world.run_job());
  EXPECT_EQ(run.status, 4);
  EXPECT_THAT(run.output, HasSubstr("deadline"));
  EXPECT_GT(world.status().answered, 0u);
  EXPECT_GT(world.status().pending, 0u);
  world.write("job.lua", job);
  EXPECT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(world.mock_stats().requests, 100u);
}

TEST(Run, AWrongKeyStopsTheEndpointAndLosesNoRow) {
  World world;
  world.make_rows(20);
  world.make_job(1, "key = \"wrong-key-0xC0FFEE\"");
  world.start_mock({"--key", "right-key"});
  const auto run = world.sluice(world.run_job());
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("401"));
  EXPECT_THAT(run.errors + run.output, Not(HasSubstr("C0FFEE"))) << "a key was shown";
  EXPECT_EQ(world.status().rejected, 0u);
}

TEST(Run, WritesJsonForPrograms) {
  World world;
  world.make_rows(10);
  world.make_job(1);
  world.start_mock();
  auto arguments = world.run_job();
  arguments.insert(arguments.end(), {"--log", "json"});
  const auto run = world.sluice(arguments);
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.output, testing::StartsWith(R"({"event":"finished","time":"2)"));
  EXPECT_THAT(run.output, HasSubstr(R"(Z","level":"info","job":"job",)"));
  EXPECT_THAT(run.output, HasSubstr(R"("rows_answered":10)"));
}

TEST(Run, TwoAtOnceAreRefused) {
  World world;
  world.make_rows(10);
  world.make_job(1);
  world.start_mock({"--hang", "1"});
  const auto first = world.start(world.run_job());
  world.wait_for_requests(1);
  Process second(world.path(""), "second",
                 {SLUICE_PROGRAM, "run", "job.lua", "--set", "base_url=" + world.base_url()});
  EXPECT_EQ(second.wait(), 5);
  EXPECT_THAT(second.errors(), HasSubstr("process"));
}

}  // namespace
}  // namespace sluice::cli
