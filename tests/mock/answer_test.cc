#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "mock/answer_plan.h"
#include "mock/answerer.h"
#include "mock/text_words.h"

namespace sluice::mock {
namespace {

using nlohmann::json;

json answer(std::string_view schema, std::string_view text, std::uint64_t seed = 1) {
  return json::parse(answer_for(schema, text, seed));
}

constexpr std::string_view kTicket = R"j({
  "type": "object",
  "properties": {
    "queue": {"type": "string", "enum": ["billing", "bug", "access", "sales", "other"]},
    "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
    "why": {"type": "string", "minLength": 3, "maxLength": 40},
    "score": {"type": "number", "minimum": -0.5, "maximum": 0.5},
    "open": {"type": "boolean"},
    "tags": {"type": "array", "minItems": 2, "maxItems": 4, "items": {"type": "string", "maxLength": 8}},
    "amount": {"type": ["integer", "null"], "minimum": 10, "maximum": 20},
    "who": {"anyOf": [{"type": "object", "properties": {"name": {"type": "string"}},
                       "required": ["name"], "additionalProperties": false}, {"type": "null"}]},
    "mood": {"type": ["string", "null"], "enum": ["good", "bad", null]}
  },
  "required": ["queue", "urgency", "why", "score", "open", "tags", "amount", "who", "mood"],
  "additionalProperties": false
})j";

TEST(Answer, FitsItsSchemaInEveryField) {
  std::set<std::int64_t> urgencies;
  std::map<std::string, int> nulls;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const json a = answer(kTicket, "I cannot log in to my account, Grüße", seed);
    ASSERT_EQ(a.size(), 9u);
    EXPECT_TRUE(std::set<std::string>({"billing", "bug", "access", "sales", "other"})
                    .contains(a.at("queue").get<std::string>()));
    ASSERT_TRUE(a.at("urgency").is_number_integer());
    EXPECT_GE(a.at("urgency"), 1);
    EXPECT_LE(a.at("urgency"), 5);
    urgencies.insert(a.at("urgency").get<std::int64_t>());
    EXPECT_GE(a.at("why").get<std::string>().size(), 3u);
    EXPECT_LE(a.at("why").get<std::string>().size(), 40u);
    EXPECT_GE(a.at("score"), -0.5);
    EXPECT_LE(a.at("score"), 0.5);
    EXPECT_TRUE(a.at("open").is_boolean());
    EXPECT_GE(a.at("tags").size(), 2u);
    EXPECT_LE(a.at("tags").size(), 4u);
    for (const json& tag : a.at("tags")) EXPECT_LE(tag.get<std::string>().size(), 8u);
    nulls["amount"] += a.at("amount").is_null() ? 1 : 0;
    if (!a.at("amount").is_null()) {
      EXPECT_GE(a.at("amount"), 10);
      EXPECT_LE(a.at("amount"), 20);
    }
    nulls["who"] += a.at("who").is_null() ? 1 : 0;
    if (!a.at("who").is_null()) {
      EXPECT_TRUE(a.at("who").at("name").is_string());
    }
    nulls["mood"] += a.at("mood").is_null() ? 1 : 0;
    if (!a.at("mood").is_null()) {
      EXPECT_TRUE(a.at("mood") == "good" || a.at("mood") == "bad");
    }
  }
  EXPECT_EQ(urgencies.size(), 5u);
  for (const char* field : {"amount", "who", "mood"}) {
    EXPECT_GT(nulls[field], 20) << field;
    EXPECT_LT(nulls[field], 90) << field;
  }
}

TEST(Answer, DependsOnSchemaTextAndSeedAlone) {
  EXPECT_EQ(answer_for(kTicket, "hello there", 7), answer_for(kTicket, "hello there", 7));
  EXPECT_NE(answer_for(kTicket, "hello there", 7), answer_for(kTicket, "hello there", 8));
  EXPECT_NE(answer_for(kTicket, "hello there", 7), answer_for(kTicket, "hello where", 7));
}

TEST(Answer, GuessesTheChoiceThatIsSpeltLikeAWordOfTheText) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(answer(kTicket, "Please refund my last BILL", seed).at("queue"), "billing");
    EXPECT_EQ(answer(kTicket, "the bugs are back", seed).at("queue"), "bug");
    EXPECT_EQ(answer(kTicket, "acceptance", seed).at("queue"), "access");
  }
}

TEST(Answer, DrawsAmongChoicesThatAreSpeltAlike) {
  std::set<std::string> queues;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    queues.insert(answer(kTicket, "xyz 123", seed).at("queue").get<std::string>());
  }
  EXPECT_EQ(queues.size(), 5u);
}

TEST(Answer, IsFreeTextWithoutASchema) {
  for (const char* schema : {"", "{", "[]", "true"}) {
    const json a = answer(schema, "one two three");
    ASSERT_TRUE(a.is_string()) << schema;
    EXPECT_EQ(a.get<std::string>(), free_text_for("one two three", 1));
  }
  EXPECT_EQ(free_text_for("12 34", 1), "mock");
}

TEST(Answer, StaysSmallWhateverTheSchema) {
  EXPECT_LT(answer_for(R"({"type":"string","minLength":1e15})", "x", 1).size(), 100'000u);
  EXPECT_LT(
      answer_for(R"({"type":"array","minItems":1e12,"items":{"type":"null"}})", "x", 1).size(),
      2'000'000u);
  std::string nested = R"({"type":"string"})";
  for (int i = 0; i < 30; ++i) {
    nested = R"({"type":"array","minItems":9,"items":)" + nested + "}";
  }
  EXPECT_LT(answer_for(nested, "x", 1).size(), 3'000'000u);
}

TEST(AnswerPlan, RefusesSchemasThatNestTooDeep) {
  std::string nested = R"({"type":"string"})";
  for (int i = 0; i <= AnswerPlan::kMaxDepth; ++i) {
    nested = R"({"type":"array","items":)" + nested + "}";
  }
  EXPECT_FALSE(AnswerPlan::compile(nested).has_value());
}

TEST(AnswerPlan, GivesAPacksEntryTheAnswerOfItsRow) {
  constexpr std::string_view kRow =
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}}})";
  const std::string pack =
      R"({"type":"object","properties":{"answers":{"type":"array","items":)"
      R"({"type":"object","properties":{"id":{"type":"string"},"a":{"type":"integer"},"b":{"type":"string"}}}}}})";
  const auto plan = AnswerPlan::compile(pack);
  ASSERT_TRUE(plan.has_value());
  ASSERT_TRUE(plan->is_pack());
  std::string entry;
  plan->fill_entry(entry, "a\"1", "some row", 5);
  json expected = answer(kRow, "some row", 5);
  expected["id"] = "a\"1";
  EXPECT_EQ(json::parse(entry), expected);
  EXPECT_FALSE(AnswerPlan::compile(kRow)->is_pack());
}

TEST(Likeness, CountsThreeLettersAndMoreInAnyCase) {
  EXPECT_EQ(likeness("billing", "Bill"), 4u);
  EXPECT_EQ(likeness("bug", "bugs"), 3u);
  EXPECT_EQ(likeness("bug", "but"), 0u);
  EXPECT_EQ(likeness("", "bug"), 0u);
}

}  // namespace
}  // namespace sluice::mock
