#include "provider/schema_limits.h"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

TEST(SchemaLimits, BecomeWordsInTheDescription) {
  EXPECT_EQ(
      with_limits_described(
          R"j({"type":"string","minLength":1,"maxLength":160,"description":"Why."})j",
          SchemaKeywords::none),
      R"j({"type":"string","description":"Why. (length in characters at least 1, length in characters at most 160)"})j");
  EXPECT_EQ(with_limits_described(R"j({"type":"number","minimum":-0.5,"exclusiveMaximum":2})j",
                                  SchemaKeywords::none),
            R"j({"type":"number","description":"at least -0.5, less than 2"})j");
}

TEST(SchemaLimits, AreFoundInEveryNestedSchema) {
  EXPECT_EQ(
      with_limits_described(
          R"j({"type":"object","properties":{"l":{"type":"array","maxItems":3,"items":{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}]}}},"required":["l"],"additionalProperties":false})j",
          SchemaKeywords::none),
      R"j({"type":"object","properties":{"l":{"type":"array","items":{"anyOf":[{"type":"integer","description":"at least 1"},{"type":"null"}]},"description":"number of elements at most 3"}},"required":["l"],"additionalProperties":false})j");
}

TEST(SchemaLimits, AreNotMistakenInTheUsersOwnNamesAndValues) {
  constexpr std::string_view kSchema =
      R"j({"type":"object","properties":{"maximum":{"type":"string"},"description":{"enum":["minimum",{"maxLength":1}]}},"required":["maximum","description"]})j";
  EXPECT_EQ(with_limits_described(kSchema, SchemaKeywords::none), kSchema);
}

TEST(SchemaLimits, StayWhereTheServiceTakesThem) {
  constexpr std::string_view kSchema = R"j( {"type":"integer","minimum":1,"maxLength":2})j";
  EXPECT_EQ(with_limits_described(kSchema, SchemaKeywords::all), kSchema);
  EXPECT_EQ(with_limits_described(kSchema, SchemaKeywords::no_text_lengths),
            R"j({"type":"integer","minimum":1,"description":"length in characters at most 2"})j");
}

std::string with_pattern(std::string_view pattern, SchemaKeywords taken) {
  return with_limits_described(R"j({"type":"string","pattern":")j" + std::string(pattern) + "\"}",
                               taken);
}

// Grammars of services take a pattern as the whole text; and not every service has every sign.
TEST(SchemaLimits, SendAPatternWhereItMeansTheSameEverywhere) {
  for (const char* pattern : {"^[A-Z]{2}-[0-9]+$", R"(^\\d+(?:\\.\\d{1,2})?$)", "^a|b$"}) {
    const std::string schema = R"j({"type":"string","pattern":")j" + std::string(pattern) + "\"}";
    EXPECT_EQ(with_limits_described(schema, SchemaKeywords::all), schema);
    EXPECT_EQ(with_limits_described(schema, SchemaKeywords::no_text_lengths), schema);
  }
  for (const char* pattern : {"", "a", "^a", "a$", R"(^a\\$)", "^(?i)a$", "^(?P<n>a)$",
                              "^[[:alpha:]]$", R"(^\\pL$)", R"(^\\Aa$)", R"(^\\bword$)"}) {
    EXPECT_FALSE(with_pattern(pattern, SchemaKeywords::all).contains("\"pattern\"")) << pattern;
  }
}

TEST(SchemaLimits, PutAPatternInWordsAsItIsWritten) {
  EXPECT_EQ(
      with_pattern(R"(\\d \"x\")", SchemaKeywords::all),
      R"j({"type":"string","description":"holds a match of the regular expression \\d \"x\""})j");
  EXPECT_EQ(with_pattern("^a$", SchemaKeywords::none),
            R"j({"type":"string","description":"holds a match of the regular expression ^a$"})j");
}

TEST(SchemaLimits, LeaveAloneWhatIsNoJson) {
  EXPECT_EQ(with_limits_described("{", SchemaKeywords::none), "{");
  EXPECT_EQ(with_limits_described("", SchemaKeywords::none), "");
}

}  // namespace
}  // namespace sluice::provider
