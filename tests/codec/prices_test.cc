#include "codec/prices.h"

#include <gtest/gtest.h>

#include "codec/registry.h"

namespace sluice::codec {
namespace {

core::Price price(const char* input, const char* cached, const char* output) {
  const auto per_token = [](const char* per_million) {
    return core::Money::picodollars(core::Money::parse(per_million)->picodollars() / 1'000'000);
  };
  return {per_token(input), per_token(cached), per_token(output)};
}

core::Price found(std::string_view model, std::string_view base_url = {}) {
  const auto facts = model_facts(model, find_provider("openai", base_url).profile);
  EXPECT_TRUE(facts.has_value()) << model;
  return facts ? facts->price : core::Price{};
}

TEST(ModelFacts, HoldsTheListPrice) {
  const auto facts = model_facts("gpt-5.4-mini");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->price, price("0.75", "0.075", "4.5"));
  EXPECT_EQ(facts->max_input_tokens, 272'000);
  EXPECT_EQ(facts->max_output_tokens, 128'000);
  EXPECT_EQ(found("deepseek-v4-pro"), price("0.435", "0.003625", "0.87"));
}

TEST(ModelFacts, TakesTheInputPriceForCachedInputWhereTheListHasNone) {
  EXPECT_EQ(found("mistral-large-latest"), price("0.5", "0.5", "1.5"));
}

TEST(ModelFacts, FindsTheBaseModelOfADatedOrPrefixedName) {
  const core::Price mini = price("0.25", "0.025", "2");
  EXPECT_EQ(found("gpt-5-mini-2025-08-07"), mini);
  EXPECT_EQ(found("openai/gpt-5-mini"), mini);
  EXPECT_EQ(found("openrouter/openai/gpt-5-mini-2025-08-07"), mini);
  const core::Price haiku = price("1", "0.1", "5");
  EXPECT_EQ(found("claude-haiku-4-5-20251001"), haiku);
  EXPECT_EQ(found("claude-haiku-4-5@20251001"), haiku);
  EXPECT_EQ(found("anthropic/claude-haiku-4.5"), haiku);
}

TEST(ModelFacts, DoesNotGuessAtNeighbours) {
  for (const char* model : {"gpt-5-mini-turbo", "gpt-5-min", "gpt", "", "/", "gpt-5-mini-12",
                            "claude-sonnet-4-5", "o4-mini", "grok-4", "my-finetune"}) {
    EXPECT_FALSE(model_facts(model).has_value()) << model;
  }
}

TEST(ModelFacts, FindsAModelInAnyCase) {
  EXPECT_EQ(found("GPT-5.4-mini"), price("0.75", "0.075", "4.5"));
  EXPECT_EQ(found("OpenAI/GPT-5-Mini-2025-08-07"), price("0.25", "0.025", "2"));
  EXPECT_EQ(found("Claude-Haiku-4.5"), price("1", "0.1", "5"));
  EXPECT_EQ(found("Meta-Llama-3.3-70B-Instruct"), price("0.6", "0.6", "1.2"));
  EXPECT_EQ(found("meta-llama/Llama-3.3-70B-Instruct-Turbo"), price("0.88", "0.88", "0.88"));
}

TEST(ModelFacts, AFreeVariantCostsNothing) {
  EXPECT_EQ(found("openai/gpt-oss-20b:free"), core::Price{});
}

TEST(ModelFacts, PricesAModelSoldBySeveralServicesByTheServiceAsked) {
  EXPECT_EQ(found("gpt-oss-120b", "https://api.cerebras.ai/v1"), price("0.35", "0.35", "0.75"));
  EXPECT_EQ(found("gpt-oss-120b", "https://api.sambanova.ai/v1"), price("0.22", "0.22", "0.59"));
  EXPECT_EQ(found("openai/gpt-oss-120b", "https://api.groq.com/openai/v1"),
            price("0.15", "0.075", "0.6"));
}

TEST(ModelFacts, TakesTheDearestWhereTheServiceIsNotKnown) {
  EXPECT_EQ(found("gpt-oss-120b"), price("0.35", "0.35", "0.75"));
}

}  // namespace
}  // namespace sluice::codec
