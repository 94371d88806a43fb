#include "answer/field_check.h"

#include <gtest/gtest.h>

#include "tests/answer/support.h"

namespace sluice::answer {
namespace {

Field bounded(std::string name, FieldType type, double min, double max) {
  Field f = field(std::move(name), type);
  f.min = min;
  f.max = max;
  return f;
}

// What is wrong with `json`, or "".
std::string check(const std::string& row, const std::vector<Field>& fields) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(row).get(object), simdjson::SUCCESS) << row;
  return misfit(object, fields).value_or("");
}

TEST(Misfit, IsNothingWhenAllFits) {
  Field choice = field("c", FieldType::one_of);
  choice.choices = {"x", "y"};
  Field list = bounded("l", FieldType::list, 1, 2);
  list.members = {field("", FieldType::text)};
  Field object = field("o", FieldType::object);
  object.members = {field("a", FieldType::boolean)};
  EXPECT_EQ(
      check(R"({"t":"","i":3,"w":3.0,"n":0.5,"c":"y","l":["q"],"o":{"a":false},"more":1})",
            {field("t", FieldType::text), field("i", FieldType::integer),
             field("w", FieldType::integer), field("n", FieldType::number), choice, list, object}),
      "");
}

TEST(Misfit, NamesTheMissingField) {
  const std::vector<Field> fields = {field("a", FieldType::text)};
  EXPECT_EQ(check("{}", fields), "a is missing");
  EXPECT_EQ(check(R"({"a":null})", fields), "a is missing");
  Field optional = field("a", FieldType::text);
  optional.optional = true;
  EXPECT_EQ(check("{}", {optional}), "");
  EXPECT_EQ(check(R"({"a":null})", {optional}), "");
  EXPECT_EQ(check(R"({"a":5})", {optional}), "a must be text, got a number");
}

TEST(Misfit, NamesTheWrongType) {
  EXPECT_EQ(check(R"({"a":[1]})", {field("a", FieldType::text)}), "a must be text, got a list");
  EXPECT_EQ(check(R"({"a":"3"})", {field("a", FieldType::integer)}),
            "a must be a whole number, got text");
  EXPECT_EQ(check(R"({"a":3.5})", {field("a", FieldType::integer)}),
            "a must be a whole number, got 3.5");
  EXPECT_EQ(check(R"({"a":true})", {field("a", FieldType::number)}),
            "a must be a number, got true or false");
  EXPECT_EQ(check(R"({"a":0})", {field("a", FieldType::boolean)}),
            "a must be true or false, got a number");
}

TEST(Misfit, NamesTheBound) {
  EXPECT_EQ(check(R"({"a":9})", {bounded("a", FieldType::integer, 1, 5)}),
            "a must be at most 5, got 9");
  EXPECT_EQ(check(R"({"a":0.5})", {bounded("a", FieldType::number, 1, 5)}),
            "a must be at least 1, got 0.5");
  EXPECT_EQ(check(R"({"a":"abcdef"})", {bounded("a", FieldType::text, 1, 5)}),
            "a must be at most 5 characters, got 6");
}

TEST(Misfit, CountsCharactersNotBytes) {
  EXPECT_EQ(check(R"({"a":"äöüß€"})", {bounded("a", FieldType::text, 5, 5)}), "");
}

Field patterned(const char* pattern) {
  Field made = field("a", FieldType::text);
  made.pattern = Pattern::compile(pattern).value();
  return made;
}

TEST(Misfit, SearchesForThePattern) {
  EXPECT_EQ(check(R"({"a":"order AB12 came"})", {patterned("[A-Z]{2}[0-9]+")}), "");
  EXPECT_EQ(check(R"({"a":"AB12"})", {patterned("^[A-Z]{2}[0-9]+$")}), "");
  EXPECT_EQ(check(R"({"a":"order AB12"})", {patterned("^[A-Z]{2}[0-9]+$")}),
            "a must match the pattern ^[A-Z]{2}[0-9]+$, got 'order AB12'");
  EXPECT_EQ(check(R"({"a":"AB12\n"})", {patterned("^[A-Z]{2}[0-9]+$")}),
            "a must match the pattern ^[A-Z]{2}[0-9]+$, got 'AB12\n'");
  EXPECT_EQ(check(R"({"a":"ä"})", {patterned("^.$")}), "") << "of characters, not bytes";
  EXPECT_EQ(check(R"({"a":""})", {patterned("x*")}), "");
}

TEST(Misfit, NamesTheLengthBeforeThePattern) {
  Field both = patterned("^x+$");
  both.max = 3;
  EXPECT_EQ(check(R"({"a":"yyyy"})", {both}), "a must be at most 3 characters, got 4");
  EXPECT_EQ(check(R"({"a":"yyy"})", {both}), "a must match the pattern ^x+$, got 'yyy'");
}

TEST(Misfit, CutsALongTextBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 60; ++i) text += "ä";
  const std::string wrong = check("{\"a\":\"" + text + "\"}", {patterned("^$")});
  EXPECT_EQ(wrong, "a must match the pattern ^$, got '" + text.substr(0, 79) + "'");
}

TEST(PatternText, ThatIsNoExpressionIsRefusedWithTheReason) {
  const auto wrong = Pattern::compile("a(b");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().message, "missing ): a(b");
  EXPECT_FALSE(Pattern::compile("(?=a)").has_value());
  EXPECT_FALSE(Pattern::compile("\xff").has_value()) << "no UTF-8";
  EXPECT_FALSE(Pattern::compile("((((a{100}){100}){100}){100})").has_value()) << "too large";
}

TEST(PatternText, IsSearchedForInLinearTime) {
  const Field hostile = patterned("(a*)*(a*)*b$");
  EXPECT_NE(check("{\"a\":\"" + std::string(1'000'000, 'a') + "\"}", {hostile}), "");
}

TEST(Misfit, LetsOptionalElementsBeNull) {
  Field list = bounded("l", FieldType::list, 0, 2);
  list.members = {field("", FieldType::integer)};
  list.members[0].optional = true;
  EXPECT_EQ(check(R"({"l":[1,null]})", {list}), "");
  EXPECT_EQ(check(R"({"l":[1,null,2]})", {list}), "l must be at most 2 elements, got 3");
}

TEST(Misfit, LooksInside) {
  Field list = bounded("l", FieldType::list, 0, 2);
  list.members = {field("", FieldType::integer)};
  EXPECT_EQ(check(R"({"l":[1,"2"]})", {list}), "l[1] must be a whole number, got text");
  EXPECT_EQ(check(R"({"l":[1,2,3]})", {list}), "l must be at most 2 elements, got 3");
  Field object = field("o", FieldType::object);
  object.members = {list};
  EXPECT_EQ(check(R"({"o":{"l":[null]}})", {object}), "o.l[0] must be a whole number, got null");
}

TEST(Misfit, SaysTheChoices) {
  Field choice = field("c", FieldType::one_of);
  choice.choices = {"x", "y"};
  EXPECT_EQ(check(R"({"c":"z"})", {choice}), "c must be one of x, y, got 'z'");
  EXPECT_EQ(check(R"({"c":1})", {choice}), "c must be one of x, y, got a number");
}

}  // namespace
}  // namespace sluice::answer
