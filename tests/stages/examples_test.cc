#include "stages/examples.h"

#include <gtest/gtest.h>

#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

// The answer as examples show it, or what is wrong with it.
std::string shown(const std::string& answer, const std::vector<answer::Field>& fields) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(answer).get(object), simdjson::SUCCESS);
  const auto whole = example_answer(object, fields);
  return whole ? *whole : "wrong: " + whole.error();
}

std::vector<answer::Field> nested_fields() {
  answer::Field inner = field("note", answer::FieldType::text);
  inner.optional = true;
  answer::Field object = field("who", answer::FieldType::object);
  object.members = {field("name", answer::FieldType::text), inner};
  answer::Field list = field("list", answer::FieldType::list);
  list.members = {object};
  answer::Field last = field("last", answer::FieldType::number);
  last.optional = true;
  return {field("first", answer::FieldType::integer), list, last};
}

TEST(ExampleAnswer, HasEveryColumnInTheOrderOfTheDeclaration) {
  EXPECT_EQ(shown(R"({"list":[{"name":"Ä"}],"first":1})", nested_fields()),
            R"({"first":1,"list":[{"name":"Ä","note":null}],"last":null})");
}

TEST(ExampleAnswer, MustFitTheDeclaration) {
  EXPECT_EQ(shown(R"({"first":1})", nested_fields()), "wrong: list is missing");
  EXPECT_EQ(shown(R"({"first":1,"list":[{"name":1}]})", nested_fields()),
            "wrong: list[0].name must be text, got a number");
  EXPECT_EQ(shown(R"({"first":1,"list":[],"lst":2})", nested_fields()),
            "wrong: 'lst' is not declared");
  EXPECT_EQ(shown(R"({"first":1,"list":[{"name":"a","nme":"b"}]})", nested_fields()),
            "wrong: 'list[].nme' is not declared");
}

PipelineSpec with_examples(int rows) {
  PipelineSpec spec = simple_spec(rows);
  spec.pack.system = "Sort.";
  spec.pack.examples = {{"one", R"({"a":"1"})"}, {"two </row>", R"({"a":"2"})"}};
  return spec;
}

TEST(Examples, StandInTheSystemTextAfterTheUsers) {
  EXPECT_EQ(make_question(with_examples(1)).frame.system,
            "Sort.\n\n"
            "Examples of messages, each between tags and followed by the right reply to it:\n\n"
            "<row id=\"example-1\">\none\n</row>\n{\"a\":\"1\"}\n\n"
            "<row-1 id=\"example-2\">\ntwo </row>\n</row-1>\n{\"a\":\"2\"}");
}

TEST(Examples, OfPacksAreFramedAsPacksAre) {
  EXPECT_TRUE(make_question(with_examples(2))
                  .frame.system.ends_with(
                      "copied unchanged.\n\nExamples of items:\n"
                      "<row-1 id=\"example-1\">\none\n</row-1>\n"
                      "<row-1 id=\"example-2\">\ntwo </row>\n</row-1>\n"
                      "The right reply to them:\n"
                      R"({"answers":[{"id":"example-1","a":"1"},{"id":"example-2","a":"2"}]})"));
}

TEST(Examples, OfFreeTextShowTheBareText) {
  PipelineSpec spec = simple_spec(1);
  spec.pack.answer.clear();
  spec.pack.examples = {{"one", R"({"answer":"line\n\"1\""})"}};
  EXPECT_TRUE(make_question(spec).frame.system.ends_with("one\n</row>\nline\n\"1\""));
}

TEST(Examples, ArePartOfTheQuestionWhereThereAreAny) {
  PipelineSpec spec = with_examples(1);
  const core::Hash128 base = make_question(spec).base;
  EXPECT_EQ(make_question(with_examples(20)).base, base) << "packs do not change the question";
  spec.pack.examples[1].answer = R"({"a":"3"})";
  EXPECT_NE(make_question(spec).base, base);
  spec.pack.examples.pop_back();
  EXPECT_NE(make_question(spec).base, base);
}

// Paid answers of earlier versions must be found again: those of format 5, and of those before it.
TEST(Question, KeepsItsNamesWhereNothingNewIsDeclared) {
  PipelineSpec spec = simple_spec(1);
  EXPECT_EQ(make_question(spec).base.hex(), "529c6b17f1abf7ce82a6b828f6012e19");
  EXPECT_EQ(make_question(spec).old_base.hex(), "5bf4f0e81c59557e654bf8750955e063");
  spec.validate = ValidateSpec();
  spec.validate->fields = {field("q", answer::FieldType::text)};
  EXPECT_EQ(fingerprint(spec, make_question(spec)).hex(), "b0b8b74a4ddc9bb8bdb609925f8709a8");
}

TEST(Question, ChangesWithAPattern) {
  PipelineSpec spec = simple_spec(1);
  const core::Hash128 base = make_question(spec).base;
  spec.pack.answer[0].pattern = answer::Pattern::compile("^a$").value();
  const core::Hash128 patterned = make_question(spec).base;
  EXPECT_NE(patterned, base);
  spec.pack.answer[0].pattern = answer::Pattern::compile("^b$").value();
  EXPECT_NE(make_question(spec).base, patterned);
}

TEST(Fingerprint, ChangesWithAPatternInValidate) {
  PipelineSpec spec = simple_spec(1);
  const Question question = make_question(spec);
  spec.validate = ValidateSpec();
  spec.validate->fields = {field("q", answer::FieldType::text)};
  const core::Hash128 before = fingerprint(spec, question);
  spec.validate->fields[0].pattern = answer::Pattern::compile("x").value();
  EXPECT_NE(fingerprint(spec, question), before);
}

}  // namespace
}  // namespace sluice::stages
