// Functions of a pipeline file in whole runs of the program: each is called for every shape of
// question, and what they depend on decides what is asked again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t kScriptRows = 20;

class Scripts : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(kScriptRows);
    world_.start_mock();
  }
  // "job.lua": `before` stands before the pipeline.
  void write_job(const std::string& before, const std::string& pack,
                 const std::string& parse) const {
    world_.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
{}
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ {} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", price = {{ input = 1, output = 2 }} }} }},
  {}
  s.sink {{ "out.jsonl" }},
}}
)lua",
                                        before, pack, parse));
  }
  World::Ended run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = world_.run_job();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }

  World world_;
  std::string said_;
};

TEST_F(Scripts, ParseIsCalledForEveryShapeOfQuestion) {
  constexpr const char* kMark = "s.parse { function(a) a.seen = true return a end },";
  for (const char* pack :
       {"user = '{{text}}'", "user = '{{text}}', answer = { note = s.text }",
        "user = '{{text}}', rows = 4", "user = '{{text}}', rows = 4, answer = { note = s.text }",
        "user = '{{text}}', rows = 7, answer = { note = s.text }",  // a pack with fewer rows is
                                                                    // left
        "user = function(row) return 'same for all' end"}) {        // all but one share its answer
    write_job("", pack, kMark);
    const auto ended = run();
    ASSERT_EQ(ended.status, 0) << pack << ended.errors;
    const auto lines = world_.lines("out.jsonl");
    EXPECT_THAT(lines, SizeIs(kScriptRows)) << pack;
    EXPECT_THAT(lines, Each(EndsWith(R"(,"seen":true})"))) << pack;
  }
}

TEST_F(Scripts, ParseThatTakesTheRowIsCalledForEachOfEqualQuestions) {
  write_job("", "user = 'the same for all'",
            "s.parse { function(a, row) a.of = row.id return a end },");
  EXPECT_EQ(run().status, 0);
  const auto lines = world_.lines("out.jsonl");
  ASSERT_THAT(lines, SizeIs(kScriptRows));
  for (const std::string& line : lines) {
    const std::string id = line.substr(7, line.find('"', 7) - 7);
    EXPECT_THAT(line, EndsWith(fmt::format(R"("of":"{}"}})", id)));
  }
}

TEST_F(Scripts, WhatParseReachesDecidesWhatIsAskedAgainAndIsSaidBefore) {
  const auto asked_by = [this](const std::vector<std::string>& more = {}) {
    const std::uint64_t before = world_.mock_stats().rows;
    const auto ended = run(more);
    EXPECT_EQ(ended.status, 0) << ended.errors;
    said_ = ended.errors;
    return world_.mock_stats().rows - before;
  };
  const std::string before = "local mark = require 'mark' local level = s.param('level', 1)";
  const std::string parse = "s.parse { function(a) a.mark = mark .. level return a end },";
  world_.write("mark.lua", "return 'one'");
  write_job(before, "user = '{{text}}'", parse);
  EXPECT_EQ(asked_by(), kScriptRows);

  // Nothing that a function reaches.
  write_job("-- A remark.\nlocal other = 1\n" + before, "user = '{{text}}'",
            parse + " -- and another");
  EXPECT_EQ(asked_by(), 0U);
  EXPECT_THAT(said_, testing::Not(HasSubstr("has changed")));

  world_.write("mark.lua", "return 'two'");
  const auto checked =
      world_.sluice({"check", "job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_THAT(checked.output,
              HasSubstr("the pipeline file has changed since the last run, whose 20 answers are "
                        "kept: they answer 0 of the first 20 rows; about 20 of 20 rows are asked "
                        "again, for about $"));
  EXPECT_EQ(asked_by(), kScriptRows);
  EXPECT_THAT(said_, HasSubstr("they answer 0 of the first 20 rows"));
  EXPECT_THAT(world_.lines("out.jsonl"), Each(HasSubstr(R"("mark":"two1")")));

  EXPECT_EQ(asked_by({"--set", "level=2"}), kScriptRows);
  EXPECT_THAT(world_.lines("out.jsonl"), Each(HasSubstr(R"("mark":"two2")")));

  world_.write("mark.lua", "return 'one'");
  EXPECT_EQ(asked_by(), 0U);
  EXPECT_THAT(said_, HasSubstr("they answer all of the first 20 rows"));
  EXPECT_THAT(world_.lines("out.jsonl"), Each(HasSubstr(R"("mark":"one1")")));
}

TEST_F(Scripts, AnAddressInAPromptIsAnErrorAndAsksNothing) {
  write_job("", "user = function(row) return 'About ' .. tostring(row) end", "");
  const auto ended = run();
  EXPECT_EQ(ended.status, 3);
  EXPECT_EQ(world_.mock_stats().requests, 0U);
  EXPECT_THAT(ended.errors, testing::AllOf(HasSubstr("fail alike (script_error in pack)"),
                                           HasSubstr("a table has no text")));
}

TEST_F(Scripts, AFunctionThatCountsIsRefusedBeforeItAsks) {
  write_job("local n = 0", "user = function(row) n = n + 1 return row.text .. n end", "");
  for (const auto& ended :
       {run(), world_.sluice({"check", "job.lua", "--set", "base_url=" + world_.base_url()})}) {
    EXPECT_EQ(ended.status, 3);
    EXPECT_THAT(ended.errors, HasSubstr("job.lua:7: the user function does not give the same"));
  }
  EXPECT_EQ(world_.mock_stats().requests, 0U);
  EXPECT_FALSE(world_.has_checkpoint());
}

}  // namespace
}  // namespace sluice::cli
