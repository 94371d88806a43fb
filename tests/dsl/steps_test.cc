// s.map, s.keep, s.explode, and files of several questions.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch.h"
#include "stages/question.h"

namespace sluice::dsl {
namespace {

using stages::ExplodeStep;
using stages::JobSpec;
using stages::KeepStep;
using stages::MapStep;
using stages::PipelineSpec;
using stages::Step;
using stages::ValidateSpec;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kAsk[] = "s.dispatch { s.openai { model = 'm', key = 'k' } },";

std::string file(const std::string& stages) {
  return fmt::format(
      "local s = require 'sluice'\nreturn s.pipeline {{ name = 'job', s.read {{ 'in.jsonl', key = "
      "'id' }},\n{}\n}}\n",
      stages);
}

// One question behind these steps.
std::string with_steps(const std::string& steps) {
  return file(
      fmt::format("{} s.pack {{ user = '{{{{a}}}}' }}, {} s.sink {{ 'out.jsonl' }}", steps, kAsk));
}

JobSpec job_of(const Scratch& scratch, const std::string& lua) {
  scratch.write("pipeline.lua", lua);
  auto job = scratch.load_job();
  EXPECT_TRUE(job.has_value()) << job.error().text();
  return job ? *job : JobSpec();
}

Step step_of(const Scratch& scratch, const std::string& step) {
  const JobSpec job = job_of(scratch, with_steps(step + ","));
  EXPECT_EQ(job.questions[0].read.steps.size(), 1u);
  return job.questions[0].read.steps[0];
}

std::string text_of(const stages::ScriptFailure& failure) {
  return (failure.script_error ? "script error: " : "reason: ") + failure.message;
}

std::string mapped(const Step& step, std::string_view row) {
  const auto made = std::get<MapStep>(step).map(row_of(row));
  return made ? *made : text_of(made.error());
}

std::vector<std::string> exploded(const Step& step, std::string_view row) {
  const auto made = std::get<ExplodeStep>(step).explode(row_of(row));
  return made ? *made : std::vector<std::string>{text_of(made.error())};
}

TEST(Steps, StandInTheOrderOfTheFileAndAValidateWithNoneBehindItIsApart) {
  const Scratch scratch;
  const JobSpec job =
      job_of(scratch,
             with_steps("s.keep(function() return true end), s.validate { a = s.text }, "
                        "s.map(function(row) return row end), s.explode(function(row) return { "
                        "row } end), s.validate { check = function() return false, 'late' end },"));
  ASSERT_EQ(job.questions.size(), 1u);
  const PipelineSpec& spec = job.questions[0];
  std::vector<std::size_t> kinds;
  for (const Step& step : spec.read.steps) kinds.push_back(step.index());
  EXPECT_THAT(kinds, ElementsAre(1, 3, 0, 2)) << "keep, validate, map, explode";
  EXPECT_EQ(std::get<ValidateSpec>(spec.read.steps[1]).fields.size(), 1u);
  EXPECT_EQ(std::get<KeepStep>(spec.read.steps[0]).keep(row_of("{}")), true);
  ASSERT_TRUE(spec.validate && spec.validate->check);
  EXPECT_EQ(spec.validate->check(row_of("{}")).error().message, "late");
}

TEST(Steps, MapWritesTheRowWithItsNamesInOrderAndItsNumbersExactly) {
  const Scratch scratch;
  const Step step =
      step_of(scratch, "s.map(function(row) row.added = row.z .. '!' return row end)");
  EXPECT_EQ(
      mapped(
          step,
          R"({"z":"ü\n","big":9223372036854775807,"small":-9223372036854775808,"part":0.1,"huge":1e300,"none":null,"list":[1,null,"x"],"deep":{"b":1,"a":[]}})"),
      R"({"added":"ü\n!","big":9223372036854775807,"deep":{"a":[],"b":1},"huge":1e300,"list":[1,null,"x"],"part":0.1,"small":-9223372036854775808,"z":"ü\n"})");
}

TEST(Steps, MapMayRefuseARowAndMustReturnOne) {
  const Scratch scratch;
  const Step step = step_of(scratch,
                            "s.map(function(row) if row.bad then return nil, 'bad ' .. row.bad end "
                            "if row.list then return { 1, 2 } end if row.f then return { f = "
                            "tostring } end return row.empty and {} or row.text end)");
  EXPECT_EQ(mapped(step, R"({"bad":7})"), "reason: bad 7");
  EXPECT_EQ(mapped(step, R"({"empty":true})"), "{}");
  EXPECT_THAT(mapped(step, "{}"),
              HasSubstr("script error: pipeline.lua:3: map must return the row as a table, or nil "
                        "and a reason; it returned nothing"));
  EXPECT_THAT(mapped(step, R"({"text":"x"})"), HasSubstr("it returned text"));
  EXPECT_THAT(mapped(step, R"({"list":1})"), HasSubstr("a row is a table of fields, not a list"));
  EXPECT_THAT(mapped(step, R"({"f":1})"), HasSubstr("the row holds a function"));
}

TEST(Steps, KeepTakesTrueAndFalseAndNoSilence) {
  const Scratch scratch;
  const Step step =
      step_of(scratch,
              "s.keep(function(row) if row.silent then return end return row.n and row.n > 1 end)");
  const auto kept = [&](std::string_view row) {
    const auto word = std::get<KeepStep>(step).keep(row_of(row));
    return !word ? text_of(word.error()) : *word ? "kept" : "dropped";
  };
  EXPECT_EQ(kept(R"({"n":2})"), "kept");
  EXPECT_EQ(kept(R"({"n":1})"), "dropped");
  EXPECT_EQ(kept("{}"), "dropped");
  EXPECT_THAT(kept(R"({"silent":1})"),
              HasSubstr("keep must return true or false; it returned nothing"));
  EXPECT_THAT(kept(R"({"n":"x"})"), HasSubstr("script error: "));
}

TEST(Steps, ExplodeMakesRowsInTheOrderOfItsList) {
  const Scratch scratch;
  const Step step = step_of(scratch, R"(s.explode(function(row)
    if row.why then return nil, row.why end
    if row.bad == "name" then return { row } , { a = 1 } end
    if row.bad == "one row" then return row end
    if row.bad == "item" then return { row, "text" } end
    if row.bad == "hole" then return { row, nil, row } end
    local rows = {}
    for i, c in ipairs(row.claims) do rows[i] = { n = i, claim = c } end
    return rows
  end))");
  EXPECT_THAT(exploded(step, R"({"claims":["a","b"]})"),
              ElementsAre(R"({"claim":"a","n":1})", R"({"claim":"b","n":2})"));
  EXPECT_THAT(exploded(step, R"({"claims":[]})"), ElementsAre());
  EXPECT_THAT(exploded(step, R"({"why":"no claims"})"), ElementsAre("reason: no claims"));
  EXPECT_THAT(exploded(step, R"({"bad":"one row"})"),
              ElementsAre(HasSubstr("with the name 'bad'")));
  EXPECT_THAT(exploded(step, R"({"bad":"item"})"), ElementsAre(HasSubstr("item 2 is text")));
  EXPECT_THAT(exploded(step, R"({"bad":"hole"})"), ElementsAre(HasSubstr("without holes")));
}

TEST(Steps, AreHeldToTheLimitsOfTheSandbox) {
  const Scratch scratch;
  const Step step = step_of(scratch, R"(s.explode(function(row)
    local big, rows = { text = ("x"):rep(1000000) }, {}
    for i = 1, 1000 do rows[i] = big end  -- a thousand times the same megabyte
    return rows
  end))");
  EXPECT_THAT(exploded(step, "{}"), ElementsAre(HasSubstr("it passed the limit of")));
}

TEST(Steps, AreInTheFingerprintAndNotInTheQuestion) {
  const Scratch scratch;
  const auto of = [&](const std::string& steps) {
    const JobSpec job = job_of(scratch, with_steps(steps));
    const stages::Question question = stages::make_question(job.questions[0]);
    return std::pair(fingerprint(job.questions[0], question), question.base);
  };
  const auto none = of("");
  const auto one = of("s.map(function(row) return row end),");
  const auto other = of("s.map(function(row) row.a = 1 return row end),");
  EXPECT_NE(none.first, one.first);
  EXPECT_NE(one.first, other.first);
  EXPECT_EQ(none.second, one.second);
  EXPECT_EQ(one.second, other.second);
}

std::string two_questions(const std::string& first_system, const std::string& first_limits,
                          const std::string& second_limits, const std::string& options = "") {
  return file(fmt::format(R"(
    s.pack {{ user = "{{{{text}}}}", system = "{}", answer = {{ claims = s.list {{ s.text }} }} }},
    s.dispatch {{ s.openai {{ model = "m", key = "k", price = {{ input = 1, output = 1 }} }} {} }},
    s.parse {{ function(answer, row) answer.claims[1] = row.id return answer end }},
    s.explode(function(row) return {{ {{ claim = row.claims[1] }} }} end),
    s.pack {{ user = function(row) return row.claim end, answer = {{ right = s.bool }} }},
    s.dispatch {{ s.openai {{ model = "n", key = "k", price = {{ input = 1, output = 1 }} }} {} }},
    s.parse {{ function(answer) answer.right = true return answer end }},
    s.sink {{ "out/claims.jsonl", keep = {{ "claim" }} }},
    {})",
                          first_system, first_limits, second_limits, options));
}

TEST(Questions, EachReadTheAnswersOfTheOneBefore) {
  const Scratch scratch;
  const JobSpec job = job_of(scratch, two_questions("a", "", ""));
  EXPECT_EQ(job.directory, ".sluice/job");
  ASSERT_EQ(job.questions.size(), 2u);
  const PipelineSpec& first = job.questions[0];
  const PipelineSpec& second = job.questions[1];
  EXPECT_EQ(first.checkpoint.directory, ".sluice/job/question-1");
  EXPECT_EQ(second.checkpoint.directory, ".sluice/job/question-2");
  EXPECT_THAT(first.read.paths, ElementsAre("in.jsonl"));
  EXPECT_EQ(first.sink.path, ".sluice/job/question-1/answers.jsonl");
  EXPECT_EQ(first.sink.rejects, "out/claims.rejects.question-1.jsonl");
  EXPECT_TRUE(first.sink.keep_row);
  EXPECT_THAT(second.read.paths, ElementsAre(first.sink.path));
  EXPECT_EQ(second.read.key, "id");
  EXPECT_EQ(second.sink.path, "out/claims.jsonl");
  EXPECT_EQ(second.sink.rejects, "out/claims.rejects.jsonl");
  EXPECT_FALSE(second.sink.keep_row);

  // Each function is the one of its own place.
  EXPECT_EQ(first.parse.parse(R"({"claims":["x"]})", row_of(R"({"id":"I"})")),
            R"({"claims":["I"]})");
  EXPECT_EQ(second.parse.parse(R"({"right":false})", row_of("{}")), R"({"right":true})");
  EXPECT_EQ(second.pack.user(row_of(R"({"claim":"c"})")), "c");
  EXPECT_FALSE(first.pack.user);
  EXPECT_TRUE(first.read.steps.empty());
  ASSERT_EQ(second.read.steps.size(), 1u);
  EXPECT_THAT(exploded(second.read.steps[0], R"({"claims":["x"]})"),
              ElementsAre(R"({"claim":"x"})"));
}

TEST(Questions, BeginAnewWhereTheQuestionBeforeIsAnother) {
  const Scratch scratch;
  const auto of = [&](const std::string& system) {
    const PipelineSpec second = job_of(scratch, two_questions(system, "", "")).questions[1];
    return std::pair(second.source, stages::make_question(second).base);
  };
  EXPECT_EQ(of("a"), of("a"));
  EXPECT_NE(of("a").first, of("b").first);
  EXPECT_EQ(of("a").second, of("b").second) << "answers to equal questions hold";
}

TEST(Questions, ShareTheLimitsOfTheJob) {
  const Scratch scratch;
  const auto budgets = [&](const std::string& first, const std::string& second) {
    std::vector<std::string> all;
    for (const PipelineSpec& spec : job_of(scratch, two_questions("a", first, second)).questions)
      all.push_back(spec.dispatch.budget ? spec.dispatch.budget->text() : "none");
    return all;
  };
  const auto dollars = [](const char* amount) { return core::Money::parse(amount)->text(); };
  EXPECT_THAT(budgets("", ""), ElementsAre("none", "none"));
  EXPECT_THAT(budgets(", budget = 5", ""), ElementsAre(dollars("5"), dollars("5")));
  EXPECT_THAT(budgets("", ", budget = 5"), ElementsAre(dollars("5"), dollars("5")));
  EXPECT_THAT(budgets(", budget = 5", ", budget = 9"), ElementsAre(dollars("5"), dollars("9")));
  EXPECT_THAT(budgets(", budget = 9", ", budget = 5"), ElementsAre(dollars("5"), dollars("5")));
  const JobSpec job = job_of(scratch, two_questions("a", ", deadline = '1h'", ""));
  EXPECT_EQ(job.questions[1].dispatch.deadline, core::Duration(std::chrono::hours(1)));
}

TEST(Questions, HaveTheirFoldersInTheFolderOfTheJob) {
  const Scratch scratch;
  const JobSpec job =
      job_of(scratch, two_questions("a", "", "", "checkpoint = { dir = '/fast/[1]*' },"));
  EXPECT_EQ(job.directory, "/fast/[1]*");
  EXPECT_EQ(job.questions[1].checkpoint.directory, "/fast/[1]*/question-2");
  EXPECT_THAT(job.questions[1].read.paths, ElementsAre(R"(/fast/\[1]\*/question-1/answers.jsonl)"));
}

TEST(Recipe, ClaimsLoads) {
  LoadOptions options;
  options.parameters = {{"key", "k"}};
  const auto job = load(std::string(SLUICE_SOURCE_DIR) + "/pipelines/claims.lua", options);
  ASSERT_TRUE(job.has_value()) << job.error().text();
  ASSERT_EQ(job->questions.size(), 2u);
  EXPECT_EQ(job->questions[0].read.steps.size(), 3u);
  EXPECT_EQ(job->questions[1].read.steps.size(), 1u);
}

}  // namespace
}  // namespace sluice::dsl
