// What one level of a cascade leaves to the next: lines of answers and rejects, written and read back.
#include "stages/cascade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/output_line.h"
#include "stages/prepare.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::HasSubstr;

EscalateStep that_says(std::expected<bool, ScriptFailure> escalated,
                       std::vector<std::string>* seen = nullptr) {
  return {.escalate =
              [=](std::string_view answer, const core::Row& row) {
                if (seen != nullptr) *seen = {std::string(answer), row.raw};
                return escalated;
              },
          .script = {}};
}

Item item_of(const std::string& raw) {
  Item item;
  item.row.raw = raw;
  return item;
}

// The line that a level writes of `row` with this answer, or reject.
std::string line_of(const std::string& row, const std::string& members) {
  PipelineSpec spec = simple_spec(1);
  spec.sink.for_next_level = true;
  const store::Entry entry = LineWriter(spec, {"a"}).answer(item_of(row), members, "small \"1\"");
  EXPECT_EQ(entry.line.substr(entry.answer_at), members + "}");
  return entry.line;
}
std::string reject_line_of(const std::string& row, const core::Reject& why) {
  return LineWriter(simple_spec(1), {"a"}).reject(item_of(row), why).line;
}
core::Row read_line(const EscalateStep& step, const std::string& line) {
  core::Row row;
  row.raw = line;
  row.line = 7;
  return next_level(step, std::move(row));
}

TEST(Cascade, AnAnswerThatIsNotEscalatedIsTheRows) {
  std::vector<std::string> seen;
  const std::string row = R"({"id":18446744073709551616,"row":{"model":1.10},"a":"ä\n"})";
  const core::Row read = read_line(that_says(false, &seen), line_of(row, R"("row":1.50,"a":[])"));
  ASSERT_NE(read.accepted, nullptr);
  EXPECT_EQ(read.raw, row);
  EXPECT_EQ(read.line, 7u);
  EXPECT_EQ(read.accepted->members, R"("row":1.50,"a":[])");
  EXPECT_EQ(read.accepted->model, "small \"1\"");
  EXPECT_THAT(seen, testing::ElementsAre(R"({"row":1.50,"a":[]})", row));
}

TEST(Cascade, AnAnswerThatIsEscalatedLeavesTheRowAsItWasRead) {
  const core::Row read = read_line(that_says(true), line_of(R"({"id":1})", R"("a":"x")"));
  EXPECT_EQ(read.accepted, nullptr);
  EXPECT_EQ(read.reject, nullptr);
  EXPECT_EQ(read.raw, R"({"id":1})");
}

TEST(Cascade, AFunctionThatFailsRejectsTheRowAndKeepsTheAnswerInItsHistory) {
  const core::Row read = read_line(that_says(std::unexpected(ScriptFailure{true, "job.lua:3: no"})),
                                   line_of(R"({"id":1})", R"("a":"x")"));
  ASSERT_NE(read.reject, nullptr);
  EXPECT_EQ(read.reject->stage, core::Stage::escalate);
  EXPECT_EQ(read.reject->reason, "script_error");
  EXPECT_THAT(read.reject->detail, HasSubstr("job.lua:3: no"));
  EXPECT_THAT(read.reject->history, testing::ElementsAre(R"(the answer was {"a":"x"})"));
}

TEST(Cascade, ARowThatWasAskedAndHasNoAnswerIsAskedAtTheNextLevel) {
  for (const auto stage : {core::Stage::dispatch, core::Stage::parse}) {
    const core::Row read =
        read_line(that_says(false), reject_line_of(R"({"id":1.0})", {stage, "refused", "", {"x"}}));
    EXPECT_EQ(read.reject, nullptr);
    EXPECT_EQ(read.accepted, nullptr);
    EXPECT_EQ(read.raw, R"({"id":1.0})");
  }
}

TEST(Cascade, ARowThatWasNotAskedOrWhoseFunctionFailedStaysRejectedAsItWas) {
  const core::Reject rejects[] = {{core::Stage::read, "not_json", "in.jsonl:3:1: no", {}},
                                  {core::Stage::validate, "invalid_field", "no", {}},
                                  {core::Stage::parse, "script_error", "slip", {"a", "b"}}};
  for (const core::Reject& why : rejects) {
    const std::string raw = why.stage == core::Stage::read ? "no \"row" : R"({"id":1})";
    const core::Row read = read_line(that_says(false), reject_line_of(raw, why));
    ASSERT_NE(read.reject, nullptr);
    EXPECT_EQ(read.raw, raw);
    EXPECT_EQ(read.reject->stage, why.stage);
    EXPECT_EQ(read.reject->reason, why.reason);
    EXPECT_EQ(read.reject->detail, why.detail);
    EXPECT_EQ(read.reject->history, why.history);
  }
}

TEST(Cascade, AnAcceptedRowIsNamedByItsAnswerAndHasNoPrompt) {
  const PipelineSpec spec = simple_spec(1);
  const Question question = make_question(spec);
  const auto prepared = [&](const std::string& members) {
    core::RowBatch batch(1);
    batch[0] = read_line(that_says(false), line_of(R"({"id":"k","t":"x"})", members));
    return std::move(Prepare::make(spec, question)->run(std::move(batch)).front());
  };
  const Item one = prepared(R"("a":1)");
  EXPECT_EQ(one.reject, nullptr);
  EXPECT_EQ(one.prompt, "");
  EXPECT_EQ(one.identity, prepared(R"("a":1)").identity);
  EXPECT_NE(one.identity, prepared(R"("a":2)").identity);
}

TEST(Cascade, ALineThatCannotBeReadIsSaidToBeSo) {
  for (const std::string line : {"{", "{}", "[]"}) {
    const core::Row read = read_line(that_says(false), line);
    ASSERT_NE(read.reject, nullptr) << line;
    EXPECT_EQ(read.reject->stage, core::Stage::escalate);
  }
}

TEST(Cascade, TitlesCountQuestionsAndLevels) {
  JobSpec job;
  job.questions.assign(3, simple_spec(1));
  EXPECT_EQ(question_title(job, 1), "question 2 of 3");
  job.questions[1].level = {1, 2};
  job.questions[2].level = {2, 2};
  EXPECT_EQ(question_title(job, 0), "question 1 of 2");
  EXPECT_EQ(question_title(job, 2), "question 2 of 2, level 2 of 2");
  job.questions.erase(job.questions.begin());
  EXPECT_EQ(question_title(job, 0), "level 1 of 2");
  job.questions.resize(1);
  job.questions[0].level = {};
  EXPECT_EQ(question_title(job, 0), "");
}

}  // namespace
}  // namespace sluice::stages
