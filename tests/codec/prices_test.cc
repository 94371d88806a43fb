#include "codec/prices.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "codec/price_rows.h"
#include "codec/registry.h"

namespace sluice::codec {
namespace {

core::Rates price(const char* input, const char* cached, const char* output) {
  const auto per_token = [](const char* per_million) {
    return core::Money::picodollars(core::Money::parse(per_million)->picodollars() / 1'000'000);
  };
  return {per_token(input), per_token(cached), per_token(output)};
}

// Of the standard tier and a short prompt, without what the cache costs to write.
core::Rates short_rates(const core::Price& price) {
  return {price.input, price.cached_input, price.output};
}

core::Rates found(std::string_view model, std::string_view base_url = {}) {
  const auto facts = model_facts(model, find_provider("openai", base_url).profile);
  EXPECT_TRUE(facts.has_value()) << model;
  return facts ? short_rates(facts->price) : core::Rates{};
}

TEST(ModelFacts, HoldsTheListPrice) {
  const auto facts = model_facts("gpt-5.4-mini");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(short_rates(facts->price), price("0.75", "0.075", "4.5"));
  EXPECT_EQ(facts->max_input_tokens, 272'000);
  EXPECT_EQ(facts->max_output_tokens, 128'000);
  EXPECT_EQ(found("deepseek-v4-pro"), price("0.435", "0.003625", "0.87"));
}

TEST(ModelFacts, TakesTheInputPriceForCachedInputWhereTheListHasNone) {
  EXPECT_EQ(found("mistral-large-latest"), price("0.5", "0.5", "1.5"));
}

TEST(ModelFacts, FindsTheBaseModelOfADatedOrPrefixedName) {
  const core::Rates mini = price("0.25", "0.025", "2");
  EXPECT_EQ(found("gpt-5-mini-2025-08-07"), mini);
  EXPECT_EQ(found("openai/gpt-5-mini"), mini);
  EXPECT_EQ(found("openrouter/openai/gpt-5-mini-2025-08-07"), mini);
  const core::Rates haiku = price("1", "0.1", "5");
  EXPECT_EQ(found("claude-haiku-4-5-20251001"), haiku);
  EXPECT_EQ(found("claude-haiku-4-5@20251001"), haiku);
  EXPECT_EQ(found("anthropic/claude-haiku-4.5"), haiku);
}

TEST(Prices, ClaudeCostsATenthMoreInARegionOfVertex) {
  provider::EndpointSpec endpoint;
  endpoint.provider = find_provider("vertex");
  endpoint.model = "claude-haiku-4-5@20251001";
  EXPECT_EQ(short_rates(price_of(endpoint).value()), price("1", "0.1", "5"));
  endpoint.region = "global";
  EXPECT_EQ(short_rates(price_of(endpoint).value()), price("1", "0.1", "5"));
  for (const char* region : {"europe-west1", "eu"}) {
    endpoint.region = region;
    EXPECT_EQ(short_rates(price_of(endpoint).value()), price("1.1", "0.11", "5.5"));
  }
  endpoint.model = "gemini-2.5-flash";
  EXPECT_EQ(short_rates(price_of(endpoint).value()), price("0.3", "0.03", "2.5"));
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
  EXPECT_EQ(found("openai/gpt-oss-20b:free"), core::Rates{});
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

TEST(ModelFacts, FindsTheNamesThatServicesGiveAModel) {
  const core::Rates haiku = price("1", "0.1", "5");
  for (const char* name : {"anthropic.claude-haiku-4-5-20251001-v1:0",
                           "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                           "anthropic.claude-haiku-4-5", "claude-haiku-4-5-latest"})
    EXPECT_EQ(found(name), haiku) << name;
  const core::Rates flash = price("0.3", "0.03", "2.5");
  for (const char* name : {"models/gemini-2.5-flash", "publishers/google/models/gemini-2.5-flash",
                           "projects/p/locations/l/publishers/google/models/Gemini-2.5-Flash",
                           "google/gemini-2.5-flash"})
    EXPECT_EQ(found(name), flash) << name;
  EXPECT_EQ(found("accounts/fireworks/models/kimi-k2p5"), price("0.6", "0.1", "3"));
  EXPECT_EQ(found("gpt-5.4-2026-03-01"), price("2.5", "0.25", "15"));
  EXPECT_EQ(found("amazon.nova-lite-v1:0"), price("0.06", "0.06", "0.24"));
}

TEST(ModelFacts, ARegionOfBedrockCostsATenthMore) {
  const core::Rates haiku = price("1.1", "0.11", "5.5");
  for (const char* region : {"us.", "eu.", "apac.", "jp."})
    EXPECT_EQ(found(std::string(region) + "anthropic.claude-haiku-4-5-20251001-v1:0"), haiku)
        << region;
  EXPECT_EQ(found("eu.anthropic.claude-sonnet-5"), price("3.3", "0.33", "16.5"));
  EXPECT_EQ(found("us.amazon.nova-micro-v1:0"), price("0.0385", "0.0385", "0.154"));
  EXPECT_EQ(found("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-micro-v1:0"),
            price("0.0385", "0.0385", "0.154"));
}

TEST(PriceRows, SayTheirSourceAndTheirDayAndStandOnce) {
  for (const price_rows::List& list : price_rows::kLists) {
    std::set<std::string_view> names;
    for (const provider::Model& row : list.models) {
      EXPECT_FALSE(row.source.empty()) << row.name;
      EXPECT_EQ(row.as_of.size(), 10U) << row.name;
      EXPECT_TRUE(names.insert(row.name).second) << row.name;
      EXPECT_TRUE(model_facts(row.name).has_value()) << row.name;
    }
  }
}

TEST(PriceRows, AreAllFoundByTheirProfiles) {
  for (const price_rows::List& list : price_rows::kLists) {
    for (const provider::Provider& provider : providers()) {
      if (provider.profile->name != list.provider) continue;
      EXPECT_EQ(provider.profile->models.data(), list.models.data()) << list.provider;
    }
  }
}

provider::EndpointSpec endpoint(const char* constructor, const char* model, const char* tier = "") {
  provider::EndpointSpec spec;
  spec.provider = find_provider(constructor);
  spec.model = model;
  spec.service_tier = tier;
  return spec;
}

TEST(PriceOf, IsThatOfTheTierThatTheRequestsAskFor) {
  const auto at = [](const char* tier) {
    return short_rates(price_of(endpoint("openai", "gpt-5-mini", tier)).value_or(core::Price{}));
  };
  EXPECT_EQ(at(""), price("0.25", "0.025", "2"));
  EXPECT_EQ(at("auto"), price("0.25", "0.025", "2"));
  EXPECT_EQ(at("default"), price("0.25", "0.025", "2"));
  EXPECT_EQ(at("flex"), price("0.125", "0.0125", "1"));
  EXPECT_EQ(at("priority"), price("0.45", "0.045", "3.6"));
  EXPECT_EQ(at("Fast"), price("0.45", "0.045", "3.6"));
  EXPECT_EQ(short_rates(*price_of(endpoint("openai", "gpt-4o-mini", "priority"))),
            price("0.25", "0.125", "1"));
  EXPECT_EQ(short_rates(*price_of(endpoint("groq", "openai/gpt-oss-20b", "flex"))),
            price("0.075", "0.0375", "0.3"));
}

TEST(PriceOf, ATierThatTheListDoesNotKnowHasNoPrice) {
  EXPECT_EQ(price_of(endpoint("openai", "gpt-5-mini", "ultrafast")), std::nullopt);
  EXPECT_EQ(price_of(endpoint("cerebras", "gpt-oss-120b", "flex")), std::nullopt);
}

TEST(PriceOf, WhatThePipelineSaysHoldsAtEveryTier) {
  provider::EndpointSpec spec = endpoint("openai", "gpt-5-mini", "flex");
  spec.price = core::Price{core::Money::picodollars(1), core::Money::picodollars(2),
                           core::Money::picodollars(3)};
  EXPECT_EQ(price_of(spec), spec.price);
  spec.service_tier = "ours";
  EXPECT_EQ(price_of(spec), spec.price);
}

TEST(PriceOf, AnEndpointsOwnPriceMayKnowTiers) {
  provider::EndpointSpec spec = endpoint("openai", "gpt-5-mini");
  spec.price = model_facts("gpt-5-mini")->price;
  EXPECT_EQ(short_rates(*price_of(spec, core::Tier::batch)), price("0.125", "0.0125", "1"));
  spec.price = price_of(spec, core::Tier::flex);
  EXPECT_EQ(short_rates(*price_of(spec)), price("0.125", "0.0125", "1"));
  EXPECT_EQ(short_rates(*price_of(spec, core::Tier::standard)), price("0.25", "0.025", "2"));
}

TEST(PriceOf, CountsTheCacheWritesThatAreAskedFor) {
  provider::EndpointSpec spec = endpoint("anthropic", "claude-haiku-4-5");
  EXPECT_EQ(price_of(spec)->writes, core::CacheWrites::none);
  spec.cache_writes = core::CacheWrites::hour;
  EXPECT_EQ(price_of(spec)->writes, core::CacheWrites::hour);
  EXPECT_EQ(price_of(endpoint("openai", "gpt-5.6-luna"))->writes, core::CacheWrites::brief);
}

}  // namespace
}  // namespace sluice::codec
