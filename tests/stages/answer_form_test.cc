#include "dispatch/answer_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::dispatch {
namespace {

using testing::HasSubstr;
using testing::Not;

provider::EndpointSpec endpoint(bool fixed = false) {
  provider::EndpointSpec spec;
  spec.base_url = "http://localhost/v1";
  spec.model = "m";
  spec.structured_fixed = fixed;
  return spec;
}
provider::PromptFrame frame() {
  return {.system = "Sort it.",
          .schema_name = "answer",
          .schema = R"({"type":"object"})",
          .schema_text = "Answer with JSON."};
}
provider::Outcome refusal(std::string message = "'response_format' json_schema is not supported") {
  provider::Outcome outcome;
  outcome.action = provider::Action::refused;
  outcome.status = 400;
  outcome.message = std::move(message);
  return outcome;
}

TEST(AnswerForm, IsTheNextWhereTheServerRefusesIt) {
  AnswerForm form(endpoint(), frame());
  EXPECT_THAT(*form.prefix(), HasSubstr("json_schema"));
  form.sent(1);
  form.sent(2);
  provider::Outcome outcome = refusal();
  EXPECT_TRUE(form.refused(1, outcome));
  EXPECT_THAT(*form.prefix(), HasSubstr(R"("type":"json_object")"));
  EXPECT_THAT(form.note(), HasSubstr("does not take json_schema"));
  outcome = refusal();
  EXPECT_TRUE(form.refused(2, outcome)) << "it was sent in the old form";
  EXPECT_THAT(*form.prefix(), HasSubstr(R"("type":"json_object")"));

  form.sent(3);
  outcome = refusal();
  EXPECT_TRUE(form.refused(3, outcome));
  EXPECT_THAT(*form.prefix(), Not(HasSubstr("response_format")));
  EXPECT_THAT(*form.prefix(), HasSubstr("Answer with JSON."));
  form.sent(4);
  outcome = refusal();
  EXPECT_FALSE(form.refused(4, outcome)) << "there is no other";
}

TEST(AnswerForm, HandsOnEachNoteOnceAndAtFirstThatThereIsNone) {
  AnswerForm form(endpoint(), frame());
  EXPECT_EQ(form.new_note(), "");
  EXPECT_EQ(form.new_note(), std::nullopt);
  form.sent(1);
  provider::Outcome outcome = refusal();
  EXPECT_TRUE(form.refused(1, outcome));
  EXPECT_EQ(form.new_note(), form.note());
  EXPECT_EQ(form.new_note(), std::nullopt);
}

TEST(AnswerForm, IsTheNextWhereResponsesRefuseIt) {
  provider::EndpointSpec spec = endpoint();
  spec.api = "responses";
  AnswerForm form(spec, frame());
  EXPECT_THAT(*form.prefix(), HasSubstr(R"("format":{"type":"json_schema")"));
  form.sent(1);
  provider::Outcome outcome = refusal("Invalid parameter: 'text.format' is not supported");
  EXPECT_TRUE(form.refused(1, outcome));
  EXPECT_THAT(*form.prefix(), HasSubstr(R"("format":{"type":"json_object"})"));
}

TEST(AnswerForm, StaysWhereTheFileNamesItAndSaysWhatHelps) {
  AnswerForm form(endpoint(true), frame());
  form.sent(1);
  provider::Outcome outcome = refusal();
  EXPECT_FALSE(form.refused(1, outcome));
  EXPECT_THAT(outcome.message, HasSubstr("structured = \"json_object\""));
  EXPECT_EQ(form.note(), "");
}

TEST(AnswerForm, StaysAfterAnAnswerAndForOtherRefusals) {
  AnswerForm form(endpoint(), frame());
  form.sent(1);
  provider::Outcome other = refusal("the text is not allowed here");
  EXPECT_FALSE(form.refused(1, other));
  form.answered();
  provider::Outcome outcome = refusal();
  EXPECT_FALSE(form.refused(1, outcome));
  EXPECT_THAT(*form.prefix(), HasSubstr("json_schema"));
}

TEST(AnswerForm, WithoutAShapeThereIsNothingToChange) {
  provider::PromptFrame plain;
  plain.system = "Sort it.";
  AnswerForm form(endpoint(), plain);
  form.sent(1);
  provider::Outcome outcome = refusal();
  EXPECT_FALSE(form.refused(1, outcome));
  EXPECT_EQ(outcome.message, refusal().message);
}

}  // namespace
}  // namespace sluice::dispatch
