// s.embed: what it makes of a question and of the endpoints behind it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch.h"
#include "stages/question.h"

namespace sluice::dsl {
namespace {

using testing::HasSubstr;

core::Result<stages::PipelineSpec> load_embed(std::string_view embed, std::string_view endpoints,
                                              std::string_view parse = "") {
  const Scratch scratch;
  return scratch.load_text(fmt::format(R"(local s = require "sluice"
return s.pipeline {{
  name = "job", s.read {{ "in.jsonl" }}, s.embed {{ {} }},
  s.dispatch {{ {} }}, {} s.sink {{ "out.jsonl" }},
}})",
                                       embed, endpoints, parse));
}

constexpr std::string_view kOpenAi = R"(s.openai { model = "text-embedding-3-small", key = "k" })";

TEST(Embed, FillsPacksToWhatTheEndpointTakes) {
  const auto spec = load_embed(R"(text = "{{body}}", dimensions = 512)", kOpenAi);
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_EQ(spec->pack.rows, 2048);
  EXPECT_EQ(spec->pack.tokens, 300'000);
  EXPECT_EQ(spec->pack.user_template, "{{body}}");
  ASSERT_TRUE(spec->pack.embed);
  EXPECT_EQ(spec->pack.embed->as, "embedding");
  EXPECT_EQ(spec->pack.embed->dimensions, 512);
  EXPECT_EQ(spec->pack.embed->input_tokens, 8192);
  EXPECT_EQ(spec->dispatch.endpoints[0].api, "embeddings");
  EXPECT_EQ(spec->dispatch.endpoints[0].dimensions, 512);
  EXPECT_THAT(stages::make_question(*spec).answer_names(), testing::ElementsAre("embedding"));
}

TEST(Embed, KeepsToTheLeastOfItsEndpointsAndToTheFilesOwnNumbers) {
  const std::string two = fmt::format(
      R"({}, s.openai {{ model = "text-embedding-3-small", base_url = "https://api.mistral.ai/v1", key = "k" }})",
      kOpenAi);
  const auto least = load_embed(R"(text = "{{body}}")", two);
  ASSERT_TRUE(least) << least.error().text();
  EXPECT_EQ(least->pack.rows, 512);
  EXPECT_EQ(least->pack.tokens, 16'384);
  const auto own = load_embed(R"(text = "{{body}}", rows = 10, tokens = 900, as = "v")", two);
  ASSERT_TRUE(own) << own.error().text();
  EXPECT_EQ(own->pack.rows, 10);
  EXPECT_EQ(own->pack.tokens, 900);
  EXPECT_EQ(own->pack.embed->as, "v");
}

TEST(Embed, TakesAFunctionForTheText) {
  const auto spec = load_embed("text = function(row) return row.title .. row.body end", kOpenAi);
  ASSERT_TRUE(spec) << spec.error().text();
  ASSERT_TRUE(spec->pack.user);
  EXPECT_EQ(spec->pack.user(row_of(R"({"title":"a","body":"b"})")).value(), "ab");
}

TEST(Embed, IsAnotherQuestionForEachOfItsOptionsAndNotForThePacks) {
  const auto name = [](std::string_view embed) {
    return stages::make_question(load_embed(embed, kOpenAi).value()).base;
  };
  EXPECT_EQ(name(R"(text = "{{a}}")"), name(R"(text = "{{b}}", rows = 7)"));
  EXPECT_NE(name(R"(text = "{{a}}")"), name(R"(text = "{{a}}", dimensions = 512)"));
  EXPECT_NE(name(R"(text = "{{a}}")"), name(R"(text = "{{a}}", as = "v")"));
}

TEST(Embed, RefusesEndpointsThatCannotAndOptionsWithoutAMeaning) {
  const auto wrong = [](std::string_view endpoints, std::string_view parse = "") {
    const auto spec = load_embed(R"(text = "{{body}}")", endpoints, parse);
    return spec ? std::string("none") : spec.error().text();
  };
  EXPECT_THAT(wrong(R"(s.anthropic { model = "m", key = "k" })"),
              HasSubstr("Anthropic embeds no texts"));
  EXPECT_THAT(wrong(R"(s.openai { model = "m", key = "k", temperature = 0 })"),
              HasSubstr("temperature has no meaning"));
  EXPECT_THAT(wrong(R"(s.openai { model = "m", key = "k", api = "responses" })"),
              HasSubstr("api has no meaning"));
  EXPECT_THAT(wrong(R"(s.openai { model = "a", key = "k" }, s.openai { model = "b", key = "k" })"),
              HasSubstr("must have the same model"));
  EXPECT_THAT(wrong(kOpenAi, "s.parse { function(a) return a end },"),
              HasSubstr("s.parse takes no function"));
  EXPECT_EQ(wrong(kOpenAi, "s.parse { retries = 1 },"), "none");
}

}  // namespace
}  // namespace sluice::dsl
