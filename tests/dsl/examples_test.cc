// Examples of s.pack and patterns of s.text, from the file to the description.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch.h"

namespace sluice::dsl {
namespace {

using testing::HasSubstr;

core::Result<stages::PipelineSpec> load_pack(std::string_view pack) {
  const Scratch scratch;
  return scratch.load_text(pipeline_with("", pack, ""));
}

TEST(Examples, AreRenderedByTheTemplateAndCompletedByTheDeclaration) {
  const auto loaded = load_pack(R"(
    user = "{{subject}}: {{meta.lang}}",
    answer = { queue = s.one_of { "billing", "bug" }, urgency = s.int { max = 5 },
               why = s.text { optional = true } },
    examples = {
      { row = { subject = "Rechnung für März", meta = { lang = "de" } },
        answer = { urgency = 6 / 2, queue = "billing" } },
      { row = { subject = 7, meta = { lang = "en" } }, answer = { queue = "bug", urgency = 1, why = "crash" } },
    })");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const auto& examples = loaded->pack.examples;
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0].prompt, "Rechnung für März: de");
  EXPECT_EQ(examples[0].answer, R"({"queue":"billing","urgency":3,"why":null})");
  EXPECT_EQ(examples[1].prompt, "7: en");
  EXPECT_EQ(examples[1].answer, R"({"queue":"bug","urgency":1,"why":"crash"})");
}

TEST(Examples, AreRenderedByTheUserFunctionAsRowsAre) {
  const auto loaded = load_pack(R"(
    user = function(row) row.n = row.n + 1 return row.subject .. "/" .. row.n end,
    examples = { { row = { subject = "a", n = 1 }, answer = "x \"y\"" } })");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  ASSERT_EQ(loaded->pack.examples.size(), 1u);
  EXPECT_EQ(loaded->pack.examples[0].prompt, "a/2");
  EXPECT_EQ(loaded->pack.examples[0].answer, R"({"answer":"x \"y\""})");
  const auto prompt = loaded->pack.user(row_of(R"({"subject":"a","n":1})"));
  ASSERT_TRUE(prompt.has_value());
  EXPECT_EQ(*prompt, "a/2") << "the examples' call leaves nothing behind";
}

TEST(Examples, PointAtAnErrorInTheUserFunction) {
  const auto loaded = load_pack(R"(
    user = function(row) return row.subject .. row.missing end,
    examples = { { row = { subject = "a" }, answer = "x" } })");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().text(), HasSubstr("pipeline.lua:7:52: error"));
  EXPECT_THAT(loaded.error().text(), HasSubstr("missing"));
}

TEST(Examples, AreAtMostAHundred) {
  const std::string pack = R"(user = "{{a}}", examples = (function()
    local all = {}
    for i = 1, N do all[i] = { row = { a = i }, answer = "x" } end
    return all
  end)())";
  const auto with = [&pack](const std::string& count) {
    std::string text = pack;
    text.replace(text.find('N'), 1, count);
    return load_pack(text);
  };
  const auto most = with("100");
  ASSERT_TRUE(most.has_value()) << most.error().text();
  EXPECT_EQ(most->pack.examples.size(), 100u);
  EXPECT_EQ(most->pack.examples[99].prompt, "100");
  const auto more = with("101");
  ASSERT_FALSE(more.has_value());
  EXPECT_THAT(more.error().text(), HasSubstr("examples takes at most 100 examples"));
}

TEST(PatternOption, StandsInAnswersAndValidation) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(
      pipeline_with("s.validate { id = s.text { pattern = '^T-' } },",
                    R"(user = "{{a}}", answer = { zip = s.text { pattern = [[^\d{5}$]] } })", ""));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  ASSERT_TRUE(loaded->validate.has_value());
  EXPECT_EQ(loaded->validate->fields[0].pattern.text(), "^T-");
  const answer::Pattern& zip = loaded->pack.answer[0].pattern;
  EXPECT_EQ(zip.text(), R"(^\d{5}$)");
  EXPECT_TRUE(zip.found_in("08150"));
  EXPECT_FALSE(zip.found_in("8150"));
}

// A pattern may take a megabyte, which no limit of the Lua state sees.
TEST(PatternOption, CannotBeMadeWithoutEnd) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(R"(
local s = require "sluice"
for i = 1, 1e6 do s.text { pattern = "a{" .. (i % 1000) .. "}" } end)");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().text(), HasSubstr("instructions"));
}

}  // namespace
}  // namespace sluice::dsl
