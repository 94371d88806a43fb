// Numbers stay as they are written.
#include "stages/json_value.h"

#include <gtest/gtest.h>

#include "stages/prompt_template.h"

namespace sluice::stages {
namespace {

// `json` parsed and written again.
std::string copied(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parse_json(parser, json, value)) return "not parsed";
  std::string out;
  append_as_written(out, value, json);
  return out;
}

TEST(JsonValue, NumbersAreCopiedAsTheyAreWritten) {
  for (const char* number :
       {"0", "-0", "1.0", "-1.50", "1e3", "1E+3", "0.1000000000000000055511", "9007199254740993",
        "9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "1000000000000000000000", "-123456789012345678901234567890"}) {
    EXPECT_EQ(copied(number), number);
    EXPECT_EQ(copied(std::string("[") + number + "]"), std::string("[") + number + "]");
  }
  EXPECT_EQ(copied("1e400"), "not parsed");
  EXPECT_EQ(copied("018446744073709551616"), "not parsed");
}

TEST(JsonValue, WhatStandsAroundThemIsCompact) {
  EXPECT_EQ(copied("{ \"a\\\"b}\" : [ 1.0 , {\"c\":\t2.50 } , \"\\u00e9]\" , [] , {} , null "
                   "],\n\"d\" : -0 }"),
            "{\"a\\\"b}\":[1.0,{\"c\":2.50},\"\xC3\xA9]\",[],{},null],\"d\":-0}");
}

TEST(JsonValue, ATextThatLooksLikeANumberStaysText) {
  EXPECT_EQ(copied(R"({"t":"18446744073709551616","n":18446744073709551616})"),
            R"({"t":"18446744073709551616","n":18446744073709551616})");
}

TEST(JsonValue, TemplatesHaveThemAsTheyAreWritten) {
  const std::string row =
      R"({"id":18446744073709551617,"price":{"usd": 12.50},"list":[1.0,2],"zero":-0,"a":7})";
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  ASSERT_EQ(parse_json(parser, row, object), simdjson::SUCCESS);
  const auto parsed =
      PromptTemplate::parse("{{id}} {{price.usd}} {{price}} {{list}} {{zero}} {{a}}");
  EXPECT_EQ(parsed->render(object, row),
            R"(18446744073709551617 12.50 {"usd":12.50} [1.0,2] -0 7)");
}

}  // namespace
}  // namespace sluice::stages
