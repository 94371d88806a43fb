#include "answer/answer_schema.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <random>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "answer/field_check.h"
#include "tests/answer/support.h"

namespace sluice::answer {
namespace {

using nlohmann::json;

std::vector<Field> everything() {
  Field text = field("text", FieldType::text);
  text.min = 1;
  text.max = 4;
  text.description = "short";
  Field integer = field("integer", FieldType::integer);
  integer.min = -1;
  integer.max = 2;
  Field number = field("number", FieldType::number);
  number.optional = true;
  number.max = 0.5;
  Field choice = field("choice", FieldType::one_of);
  choice.choices = {"x", "y"};
  choice.optional = true;
  Field list = field("list", FieldType::list);
  list.max = 2;
  list.members = {field("", FieldType::boolean)};
  Field object = field("object", FieldType::object);
  object.members = {field("inner", FieldType::text)};
  object.optional = true;
  return {text, integer, number, choice, list, object};
}

TEST(AnswerSchema, IsClosedAndRequiresEveryProperty) {
  EXPECT_EQ(
      answer_schema({everything()[0], everything()[3]}),
      R"({"type":"object","properties":{"text":{"description":"short","type":"string","minLength":1,"maxLength":4},)"
      R"("choice":{"type":["string","null"],"enum":["x","y",null]}},"required":["text","choice"],"additionalProperties":false})");
}

TEST(AnswerSchema, OfAPackCarriesTheId) {
  const json schema = json::parse(pack_schema({everything()[1]}));
  const json& item = schema["properties"]["answers"]["items"];
  EXPECT_EQ(item["required"], json({"id", "integer"}));
  EXPECT_EQ(item["properties"]["id"], json({{"type", "string"}}));
  EXPECT_EQ(schema["additionalProperties"], false);
}

TEST(AnswerSchema, InWordsEndsWithTheSchemaItself) {
  EXPECT_TRUE(schema_description("{\"a\":1}").ends_with("\n```json-schema\n{\"a\":1}\n```"));
}

json random_value(std::mt19937& random) {
  switch (random() % 11) {
    case 0:
      return nullptr;
    case 1:
      return true;
    case 2:
      return static_cast<int>(random() % 7) - 3;
    case 3:
      return 0.25 * static_cast<double>(random() % 9) -
             0.9;  // never whole: of 1.0 the two think differently
    case 4:
      return "x";
    case 5:
      return "";
    case 6:
      return "äöüßé";
    case 7:
      return json::array({true, false});
    case 8:
      return json::array({true, 1, true});
    case 9:
      return json{{"inner", "t"}};
    default:
      return json::object();
  }
}

// Our own check and a JSON Schema validator must agree on every value, but for the one thing that
// ours allows on purpose: members that the schema does not name, and missing optional ones.
TEST(AnswerSchema, AgreesWithTheCheckOnRandomAnswers) {
  const std::vector<Field> fields = everything();
  const json schema_document = json::parse(answer_schema(fields));
  valijson::Schema schema;
  valijson::SchemaParser schema_parser;
  valijson::adapters::NlohmannJsonAdapter schema_adapter(schema_document);
  schema_parser.populateSchema(schema_adapter, schema);

  std::mt19937 random(11);
  simdjson::dom::parser parser;
  int fitting = 0;
  for (int round = 0; round < 20'000; ++round) {
    json answer = {{"text", "x"},   {"integer", 1},          {"number", nullptr},
                   {"choice", "y"}, {"list", json::array()}, {"object", nullptr}};
    const std::string changed[] = {"text", "integer", "number", "choice", "list", "object"};
    for (int i = 0; i < 2; ++i) answer[changed[random() % 6]] = random_value(random);

    valijson::Validator validator;
    const bool valid =
        validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(answer), nullptr);
    const std::string text = answer.dump();
    simdjson::dom::object object;
    ASSERT_EQ(parser.parse(text).get(object), simdjson::SUCCESS);
    const auto wrong = misfit(object, fields);
    ASSERT_EQ(valid, !wrong.has_value()) << text << " " << wrong.value_or("fits");
    fitting += valid ? 1 : 0;
  }
  EXPECT_GT(fitting, 300);
  EXPECT_LT(fitting, 19'000);
}

}  // namespace
}  // namespace sluice::answer
