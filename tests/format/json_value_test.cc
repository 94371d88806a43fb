// Numbers stay as they are written.
#include "format/json_value.h"

#include <gtest/gtest.h>

namespace sluice::format {
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

}  // namespace
}  // namespace sluice::format
