// JSON and text for a terminal.
#include "inspect/pretty_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::inspect {
namespace {

TEST(PrettyJson, WhatFitsStandsOnOneLine) {
  EXPECT_EQ(pretty_json(R"({"a": 1, "b": [true, null]})", {.width = 40, .indent = 2}),
            "  {\"a\":1,\"b\":[true,null]}\n");
}

TEST(PrettyJson, WhatDoesNotFitIsIndented) {
  EXPECT_EQ(pretty_json(R"({"first":{"name":"value"},"second":[1,2,3],"empty":{}})",
                        {.width = 24, .indent = 0}),
            "{\n"
            "  \"first\": {\n"
            "    \"name\": \"value\"\n"
            "  },\n"
            "  \"second\": [1,2,3],\n"
            "  \"empty\": {}\n"
            "}\n");
}

TEST(PrettyJson, ALongTextKeepsItsLinesAndIsBrokenBetweenWords) {
  EXPECT_EQ(pretty_json(R"({"text":"one two three four five six seven\n\neight"})",
                        {.width = 28, .indent = 0}),
            "{\n"
            "  \"text\": \"\n"
            "    one two three four five\n"
            "    six seven\n"
            "\n"
            "    eight\n"
            "  \"\n"
            "}\n");
}

TEST(PrettyJson, IsBrokenByColumnsNotBytes) {
  const std::string text = pretty_text("üüüüüüüüüüüüüüüüüüüüüüüü", {.width = 22, .indent = 2});
  EXPECT_EQ(text, "  üüüüüüüüüüüüüüüüüüüü\n  üüüü\n");
}

TEST(PrettyJson, AVeryLongTextIsCut) {
  const std::string text =
      pretty_text(std::string(5000, 'x'), {.width = 80, .indent = 0, .most_text = 100});
  EXPECT_THAT(text, testing::HasSubstr("… (4900 bytes"));
  EXPECT_LT(text.size(), 200u);
}

TEST(PrettyJson, VeryLongOrDeepJsonTakesNoTime) {
  const std::string list = "[\"" + std::string(300 * 1024, 'x') + "\"]";
  EXPECT_LT(pretty_json(list, {}).size(), 6000u);
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  EXPECT_THAT(pretty_json(deep, {.width = 40, .indent = 0}), testing::StartsWith("[\n"));
}

TEST(PrettyJson, WhatIsNotJsonIsShownAsTextAndSteersNothing) {
  EXPECT_EQ(pretty_json("<html>\x1b[2J", {.width = 40, .indent = 1}), " <html> [2J\n");
  EXPECT_EQ(pretty_json("{\"a\":\"\\u001b[2J\"}", {.width = 40, .indent = 0}),
            "{\"a\":\"\\u001b[2J\"}\n");
}

TEST(PrettyJson, MembersStandBesideTheirNames) {
  EXPECT_EQ(pretty_members(R"("queue":"bug","urgency":2.50,"tags":["a","b"],"note":null)",
                           {.width = 80, .indent = 4}),
            "    queue    bug\n"
            "    urgency  2.50\n"
            "    tags     [\"a\",\"b\"]\n"
            "    note     null\n");
  EXPECT_EQ(
      pretty_members(R"("why":"a long answer of more than one line")", {.width = 30, .indent = 2}),
      "  why  a long answer of more\n"
      "       than one line\n");
  EXPECT_EQ(pretty_members(R"("empty":"")", {.width = 30, .indent = 0}), "empty  \n");
}

}  // namespace
}  // namespace sluice::inspect
