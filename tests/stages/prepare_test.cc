#include "stages/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/output_line.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

Items prepare(const PipelineSpec& spec, const std::vector<std::string>& rows) {
  const Question question = make_question(spec);
  const auto prepare = Prepare::make(spec, question);
  EXPECT_TRUE(prepare.has_value());
  core::RowBatch batch;
  for (const std::string& raw : rows) {
    core::Row row;
    row.raw = raw;
    batch.push_back(std::move(row));
  }
  return prepare->run(std::move(batch));
}

std::string reason(const Item& item) {
  return item.reject ? item.reject->reason : "";
}

TEST(Prepare, RendersAndNamesTheQuestion) {
  const PipelineSpec spec = simple_spec(1);
  const Items items =
      prepare(spec, {R"({"id":"a","q":"x"})", R"({"id":"b","q":"x"})", R"({"id":"b","q":"y"})"});
  EXPECT_EQ(items[0].prompt, "x");
  EXPECT_EQ(items[0].row.key_json, "\"a\"");
  EXPECT_EQ(items[0].question, items[1].question) << "equal questions of different rows";
  EXPECT_NE(items[0].identity, items[1].identity);
  EXPECT_NE(items[1].question, items[2].question);
  EXPECT_NE(items[1].identity, items[2].identity) << "a corrected row is a new one";
}

// Its answer is made for the row: another row with this prompt must not get it.
TEST(Prepare, MakesEachRowItsOwnQuestionForAParseThatTakesTheRow) {
  PipelineSpec spec = simple_spec(1);
  const std::vector<std::string> rows = {R"({"id":"a","q":"x","more":1})",
                                         R"({"id":"b","q":"x","more":1})",
                                         R"({"id":"a","q":"x","more":1})"};
  EXPECT_EQ(prepare(spec, rows)[0].question, prepare(spec, rows)[1].question);
  spec.parse.takes_row = true;
  const Items items = prepare(spec, rows);
  EXPECT_NE(items[0].question, items[1].question);
  EXPECT_EQ(items[0].question, items[2].question);
}

TEST(Prepare, RefusesAPromptThatIsTooLong) {
  PipelineSpec spec = simple_spec(1);
  spec.pack.user_template = "{{q}}{{q}}{{q}}";
  const auto row = [](std::size_t length) {
    return R"({"id":"a","q":")" + std::string(length, 'x') + "\"}";
  };
  const Items items = prepare(spec, {row(kMaxPromptBytes / 3), row(kMaxPromptBytes / 3 + 1)});
  EXPECT_EQ(reason(items[0]), "");
  EXPECT_EQ(reason(items[1]), "too_large");
}

TEST(Prepare, RejectsEachKindOfBadRowWithItsReason) {
  PipelineSpec spec = simple_spec(1);
  spec.validate.emplace();
  answer::Field short_text = field("q", answer::FieldType::text);
  short_text.max = 3;
  short_text.optional = true;
  spec.validate->fields = {short_text};
  const Items items =
      prepare(spec, {R"({"id":"a","q")", R"([1])", R"({"q":"x"})", R"({"id":"a","q":"xxxx"})",
                     R"({"id":"a"})", R"({"id":"a","q":""})", R"({"id":"a","q":"ok"})"});
  std::vector<std::string> reasons;
  for (const Item& item : items) reasons.push_back(reason(item));
  EXPECT_THAT(reasons, testing::ElementsAre("not_json", "not_an_object", "no_key", "invalid_field",
                                            "missing_field", "empty_prompt", ""));
}

TEST(Prepare, AsksTheScripts) {
  PipelineSpec spec = simple_spec(1);
  spec.validate.emplace();
  spec.validate->check = [](const core::Row& row) -> std::expected<void, ScriptFailure> {
    if (row.raw.find("bad") != row.raw.npos)
      return std::unexpected(ScriptFailure{false, "no bad ones"});
    if (row.raw.find("bug") != row.raw.npos)
      return std::unexpected(ScriptFailure{true, "p.lua:1: oops"});
    return {};
  };
  spec.pack.user_template.clear();
  spec.pack.user = [](const core::Row&) -> std::expected<std::string, ScriptFailure> {
    return "from a function";
  };
  const Items items =
      prepare(spec, {R"({"id":1,"q":"bad"})", R"({"id":1,"q":"bug"})", R"({"id":1,"q":"good"})"});
  EXPECT_EQ(reason(items[0]), "check_failed");
  EXPECT_EQ(items[0].reject->detail, "no bad ones");
  EXPECT_EQ(reason(items[1]), "script_error");
  EXPECT_EQ(reason(items[2]), "");
  EXPECT_EQ(items[2].prompt, "from a function");
}

TEST(Prepare, RefusesAMalformedTemplate) {
  PipelineSpec spec = simple_spec(1);
  spec.pack.user_template = "{{q";
  const Question question = make_question(spec);
  ASSERT_FALSE(Prepare::make(spec, question).has_value());
}

TEST(Fingerprint, ChangesWithWhatShapesAnswersAndLinesAndNotWithTheRest) {
  const PipelineSpec base = simple_spec(5);
  const auto of = [](const PipelineSpec& spec) { return fingerprint(spec, make_question(spec)); };
  const auto changed = [&](auto change) {
    PipelineSpec spec = base;
    change(spec);
    return of(spec) != of(base);
  };
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.pack.system = "new"; }));
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.pack.user_template = "new"; }));
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.pack.answer[0].max = 5; }));
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.dispatch.endpoints[0].model = "n"; }));
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.dispatch.endpoints[0].temperature = 0.5; }));
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.sink.keep_row = true; }));
  EXPECT_TRUE(changed([](PipelineSpec& s) { s.read.key = ""; }));
  EXPECT_FALSE(changed([](PipelineSpec& s) { s.pack.rows = 7; }));
  EXPECT_FALSE(
      changed([](PipelineSpec& s) { s.dispatch.endpoints[0].base_url = "http://elsewhere"; }));
  EXPECT_FALSE(changed([](PipelineSpec& s) { s.dispatch.budget = core::Money::parse("5"); }));
}

TEST(LineWriter, KeepsWhatTheSinkAsksFor) {
  PipelineSpec spec = simple_spec(1);
  Item item = item_of(make_question(spec), "k", "p");
  item.row.raw = R"({"id":"k","q":"p","a":"old","n":{"x":[1, 2]}})";
  const auto line = [&] { return LineWriter(spec, {"a"}).answer(item, R"("a":"new")", "m").line; };
  EXPECT_EQ(line(), R"({"id":"k","a":"new"})");
  spec.sink.keep = {"n", "gone"};
  EXPECT_EQ(line(), R"({"id":"k","n":{"x":[1,2]},"gone":null,"a":"new"})");
  spec.sink.keep_row = true;
  EXPECT_EQ(line(), R"({"id":"k","q":"p","n":{"x":[1,2]},"a":"new"})")
      << "the answer's columns win";
}

TEST(LineWriter, RejectsKeepTheRowWhole) {
  const PipelineSpec spec = simple_spec(1);
  Item item;
  item.row.raw = "{\"id\": broken \xff";
  const auto entry =
      LineWriter(spec, {"a"}).reject(item, {core::Stage::read, "not_json", "why", {}});
  EXPECT_EQ(entry.line,
            "{\"stage\":\"read\",\"reason\":\"not_json\",\"detail\":\"why\",\"row\":\"{\\\"id\\\": "
            "broken \xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace sluice::stages
