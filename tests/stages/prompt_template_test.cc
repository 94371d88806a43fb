#include "stages/prompt_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/json_value.h"

namespace sluice::stages {
namespace {

// The text, or "missing: FIELD".
std::string render(std::string_view text, const std::string& row) {
  const auto made = PromptTemplate::parse(text);
  EXPECT_TRUE(made.has_value());
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(row).get(object), simdjson::SUCCESS);
  const auto out = made->render(object);
  return out ? *out : "missing: " + out.error();
}

TEST(PromptTemplate, PutsFieldsIntoTheirPlaces) {
  EXPECT_EQ(render("{{subject}}\n\n{{ body }}!", R"({"body":"B","subject":"S"})"), "S\n\nB!");
  EXPECT_EQ(render("no place", "{}"), "no place");
  EXPECT_EQ(render("", "{}"), "");
  EXPECT_EQ(render("{ {x} } {{x}}", R"({"x":"y"})"), "{ {x} } y");
}

TEST(PromptTemplate, ShowsOtherValuesAsJson) {
  EXPECT_EQ(render("{{a}} {{b}} {{c}}", R"({"a":1.5,"b":[1, 2],"c":true})"), "1.5 [1,2] true");
}

TEST(PromptTemplate, LooksIntoObjects) {
  EXPECT_EQ(render("{{a.b.c}}", R"({"a":{"b":{"c":"deep"}}})"), "deep");
  EXPECT_EQ(render("{{a.b.c}}", R"({"a":{"b":5}})"), "missing: a.b.c");
}

TEST(PromptTemplate, NamesTheFieldThatARowLacks) {
  EXPECT_EQ(render("{{a}}{{b}}", R"({"a":"x"})"), "missing: b");
  EXPECT_EQ(render("{{a}}", R"({"a":null})"), "missing: a");
}

TEST(PromptTemplate, DoesNotReadPlacesOutOfARow) {
  EXPECT_EQ(render("{{a}}", R"({"a":"{{b}}","b":"secret"})"), "{{b}}");
}

TEST(PromptTemplate, RefusesWhatIsMalformed) {
  for (const char* text : {"{{a", "{{}}", "{{a..b}}", "{{ }}", "x {{.a}}"}) {
    const auto made = PromptTemplate::parse(text);
    ASSERT_FALSE(made.has_value()) << text;
    EXPECT_EQ(made.error().code, core::ErrorCode::pipeline);
  }
}

TEST(PromptTemplate, HasNumbersAsTheyAreWritten) {
  const std::string row =
      R"({"id":18446744073709551617,"price":{"usd": 12.50},"list":[1.0,2],"zero":-0,"a":7})";
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  ASSERT_EQ(format::parse_json(parser, row, object), simdjson::SUCCESS);
  const auto parsed =
      PromptTemplate::parse("{{id}} {{price.usd}} {{price}} {{list}} {{zero}} {{a}}");
  EXPECT_EQ(parsed->render(object, row),
            R"(18446744073709551617 12.50 {"usd":12.50} [1.0,2] -0 7)");
}

}  // namespace
}  // namespace sluice::stages
