// What is wrong with a line that is not a row, and where.
#include "format/json_mistake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "format/json_value.h"
#include "format/not_a_row.h"

namespace sluice::format {
namespace {

using testing::HasSubstr;

struct Mistaken {
  const char* text;
  std::size_t offset;
  const char* what;
};

TEST(JsonMistake, IsShownWhereItStands) {
  for (const Mistaken& one : {
           Mistaken{R"({"id":2,"text":"b" oops})", 19, "a comma or a '}' is missing"},
           Mistaken{R"({"id":2 "text":"b"})", 8, "a comma or a '}' is missing"},
           Mistaken{R"({"id" 2})", 6, "a ':' is missing"},
           Mistaken{R"({"id":2,})", 8, "a comma before the end of the object"},
           Mistaken{R"({"a":[1,2,]})", 10, "a comma before the end of the list"},
           Mistaken{R"({'id':2})", 1, "double quotes"},
           Mistaken{R"({id:2})", 1, "a name in double quotes"},
           Mistaken{R"({"id":None})", 6, "write null"},
           Mistaken{R"({"id":True})", 6, "write true"},
           Mistaken{R"({"id":012})", 6, "not a number"},
           Mistaken{R"({"id":1e400})", 6, "too large"},
           Mistaken{R"({"id":"a)", 6, "no closing quote"},
           Mistaken{R"({"id":{"a":1)", 6, "the line ends before it does"},
           Mistaken{R"({"id":1)", 0, "the line ends before it does"},
           Mistaken{R"({"a":1}{"a":2})", 7, "a second object"},
           Mistaken{R"({"a":1} x)", 8, "something follows"},
           Mistaken{"{\"a\":\"x\ty\"}", 7, "control character (0x09)"},
           Mistaken{R"({"a":"\x"})", 6, "no such escape"},
           Mistaken{R"({"a":"\u12g4"})", 6, "four hexadecimal digits"},
           Mistaken{"{\"a\":\"\xE9t\xE9\"}", 6, "byte 0xE9 is not UTF-8"},
           Mistaken{"{\"a\":}", 5, "a value is missing"},
       }) {
    const auto mistake = find_json_mistake(one.text);
    ASSERT_TRUE(mistake.has_value()) << one.text;
    EXPECT_EQ(mistake->offset, one.offset) << one.text << ": " << mistake->what;
    EXPECT_THAT(mistake->what, HasSubstr(one.what)) << one.text;
  }
}

// Texts made from good ones by a change of one byte: it finds a mistake where the parser does.
TEST(JsonMistake, IsFoundExactlyWhereTheParserRefuses) {
  const std::string good =
      R"({"id":-1.50e+3,"t":["a\u00e9\n",true,null,{}],"k":{"x":[]},"w":"zwölf"} )";
  std::mt19937 random(7);
  constexpr std::string_view kBytes = "{}[]\",:0123-+.eEtfn \\u\x01\xC3\xA9";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (int changes = 1 + static_cast<int>(random() % 2); changes > 0; --changes)
      text[random() % text.size()] = kBytes[random() % kBytes.size()];
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    const bool parsed = parse_json(parser, text, value) == simdjson::SUCCESS;
    const auto mistake = find_json_mistake(text);
    EXPECT_EQ(parsed, !mistake.has_value()) << text << (mistake ? ": " + mistake->what : "");
  }
}

TEST(NotARow, NamesTheFormatThatWasTakenForJsonLines) {
  const auto what = [](std::string_view line, std::uint64_t number = 1) {
    return why_not_a_row(line, number).what;
  };
  EXPECT_THAT(what("id,text,\"a b\""), HasSubstr("looks like CSV with the columns id, text, a b"));
  EXPECT_THAT(what("id\ttext"), HasSubstr("looks like tab-separated values"));
  EXPECT_THAT(what("id;text"), HasSubstr("looks like CSV with ';'"));
  EXPECT_THAT(what(std::string("\xFF\xFE{\0", 4)), HasSubstr("looks like UTF-16"));
  EXPECT_THAT(what(std::string("\0{", 2), 9), HasSubstr("looks like UTF-16"));
  EXPECT_THAT(what("[{\"id\":1}]"), HasSubstr("a JSON array"));
  EXPECT_THAT(what("["), HasSubstr("a JSON array"));
  EXPECT_THAT(what("{"), HasSubstr("an object over several lines"));
  EXPECT_THAT(what("PAR1\x15\x04"), HasSubstr("a Parquet file"));
  EXPECT_THAT(what("Dear all,"), HasSubstr("this is not JSON; one JSON object a line"));
  EXPECT_THAT(what("1,hello", 2), HasSubstr("this is not JSON"));
  EXPECT_THAT(what("12"), HasSubstr("one JSON object a line is wanted"));
  EXPECT_EQ(why_not_a_row("  {\"a\":1,}", 3).column, 10u);
}

}  // namespace
}  // namespace sluice::format
