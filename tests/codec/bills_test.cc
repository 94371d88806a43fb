// What a reply costs, in picodollars: each provider's way of counting, each kind of price.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "codec/price_rows.h"
#include "codec/prices.h"
#include "codec/registry.h"
#include "provider/attempt_cost.h"
#include "provider/outcome.h"

namespace sluice::codec {
namespace {

using core::Money;
using provider::Tier;
using provider::Usage;

struct Bill {
  const char* name;
  const char* constructor;
  const char* model;
  const char* asked;  // service_tier of the requests
  const char* usage;  // of the reply
  const char* tier;   // what the reply says about the tier: a member with its comma, or nothing
  std::int64_t picodollars;
};

// Picodollars a token: gpt-5-mini 250,000 in, 25,000 cached, 2,000,000 out; gpt-5.6-terra 2,000,000,
// 200,000, 12,000,000; claude-haiku-4-5 1,000,000, 100,000, 5,000,000; grok-4.3 1,250,000, 200,000,
// 2,500,000; deepseek-v4-flash 140,000, 2,800, 280,000.
constexpr Bill kBills[] = {
    // clang-format off
    {"OpenAI: cached and thinking are parts", "openai", "gpt-5-mini", "",
     R"({"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"cached_tokens":600},"completion_tokens_details":{"reasoning_tokens":90}})",
     "", 400 * 250'000 + 600 * 25'000 + 100 * 2'000'000},
    {"OpenAI: written to the cache at 1.25 times the input", "openai", "gpt-5.6-terra", "",
     R"({"prompt_tokens":1000,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":100,"cache_write_tokens":500}})",
     "", 400 * 2'000'000LL + 100 * 200'000 + 500 * 2'500'000LL + 10 * 12'000'000},
    {"OpenAI: flex was asked for and given", "openai", "gpt-5-mini", "flex",
     R"({"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"cached_tokens":600}})",
     R"("service_tier":"flex",)", (400 * 250'000 + 600 * 25'000 + 100 * 2'000'000) / 2},
    {"OpenAI: flex was asked for and the standard tier given", "openai", "gpt-5-mini", "flex",
     R"({"prompt_tokens":1000,"completion_tokens":100})",
     R"("service_tier":"default",)", 1000 * 250'000 + 100 * 2'000'000},
    {"OpenAI: nothing was asked for and priority given", "openai", "gpt-5-mini", "",
     R"({"prompt_tokens":1000,"completion_tokens":100})",
     R"("service_tier":"priority",)", 1000 * 450'000 + 100 * 3'600'000},
    {"OpenAI: fast comes as priority", "openai", "gpt-5.4-mini", "fast",
     R"({"prompt_tokens":1000,"completion_tokens":100})",
     R"("service_tier":"priority",)", 1000 * 1'500'000LL + 100 * 9'000'000},
    {"OpenAI: a tier that is not known is the one asked for", "openai", "gpt-5-mini", "flex",
     R"({"prompt_tokens":1000,"completion_tokens":100})",
     R"("service_tier":"turbo",)", 1000 * 125'000 + 100 * 1'000'000},
    {"OpenAI: no tier is the one asked for", "openai", "gpt-5-mini", "flex",
     R"({"prompt_tokens":1000,"completion_tokens":100})",
     R"("service_tier":null,)", 1000 * 125'000 + 100 * 1'000'000},
    {"OpenAI: scale is paid for in advance and counts as standard", "openai", "gpt-5-mini", "",
     R"({"prompt_tokens":1000,"completion_tokens":100})",
     R"("service_tier":"scale",)", 1000 * 250'000 + 100 * 2'000'000},
    {"OpenAI: at the step the short price holds", "openai", "gpt-5.4", "",
     R"({"prompt_tokens":272000,"completion_tokens":1})",
     "", 272'000 * 2'500'000LL + 15'000'000},
    {"OpenAI: above the step the whole request costs more", "openai", "gpt-5.4", "",
     R"({"prompt_tokens":272001,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}})",
     "", 272'000 * 5'000'000LL + 500'000 + 2 * 22'500'000},
    {"OpenAI: above the step, flex", "openai", "gpt-5.4", "flex",
     R"({"prompt_tokens":272001,"completion_tokens":2})",
     R"("service_tier":"flex",)", 272'001 * 2'500'000LL + 2 * 11'250'000},
    {"OpenAI: above the step the writes cost more too", "openai", "gpt-5.6-terra", "",
     R"({"prompt_tokens":300000,"completion_tokens":0,"prompt_tokens_details":{"cache_write_tokens":300000}})",
     "", 300'000 * 5'000'000LL},
    {"Anthropic: read and written stand beside the input", "anthropic", "claude-haiku-4-5", "",
     R"({"input_tokens":10,"cache_read_input_tokens":1000,"cache_creation_input_tokens":200,"output_tokens":7})",
     "", 10 * 1'000'000 + 1000 * 100'000 + 200 * 1'250'000 + 7 * 5'000'000},
    {"Anthropic: written for an hour at twice the input", "anthropic", "claude-haiku-4-5", "",
     R"({"input_tokens":10,"cache_read_input_tokens":0,"cache_creation_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":150},"output_tokens":7})",
     "", 10 * 1'000'000 + 50 * 1'250'000 + 150 * 2'000'000 + 7 * 5'000'000},
    {"Anthropic: thinking is part of the output", "anthropic", "claude-haiku-4-5", "",
     R"({"input_tokens":10,"output_tokens":7,"output_tokens_details":{"thinking_tokens":6},"service_tier":"standard"})",
     "", 10 * 1'000'000 + 7 * 5'000'000},
    {"Anthropic: the fast speed costs twice as much, with its cache", "anthropic", "claude-opus-5", "fast",
     R"({"input_tokens":10,"cache_read_input_tokens":1000,"cache_creation_input_tokens":200,"output_tokens":7,"service_tier":"standard","speed":"fast"})",
     "", 10 * 10'000'000 + 1000 * 1'000'000 + 200 * std::int64_t{12'500'000} + 7 * 50'000'000},
    {"Anthropic: asked for the fast speed, answered at the standard one", "anthropic", "claude-opus-5", "fast",
     R"({"input_tokens":10,"output_tokens":7,"service_tier":"standard","speed":"standard"})",
     "", 10 * 5'000'000 + 7 * 25'000'000},
    {"Anthropic: a batch is half, with its cache", "anthropic", "claude-haiku-4-5", "",
     R"({"input_tokens":10,"cache_read_input_tokens":1000,"cache_creation_input_tokens":200,"output_tokens":8,"service_tier":"batch"})",
     "", (10 * 1'000'000 + 1000 * 100'000 + 200 * 1'250'000 + 8 * 5'000'000) / 2},
    {"Anthropic: priority is paid for in advance and counts as standard", "anthropic", "claude-haiku-4-5", "auto",
     R"({"input_tokens":10,"output_tokens":7,"service_tier":"priority"})",
     "", 10 * 1'000'000 + 7 * 5'000'000},
    {"xAI: thinking stands beside the output", "xai", "grok-4.3", "",
     R"({"prompt_tokens":1000,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":400},"completion_tokens_details":{"reasoning_tokens":90}})",
     "", 600 * 1'250'000LL + 400 * 200'000 + 100 * 2'500'000LL},
    {"xAI: more cached than input stands beside it", "xai", "grok-4.3", "",
     R"({"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":400}})",
     "", 10 * 1'250'000 + 400 * 200'000 + 2'500'000},
    {"xAI: above 200,000 tokens twice the price", "xai", "grok-4.3", "",
     R"({"prompt_tokens":200001,"completion_tokens":1})",
     "", 200'001 * 2'500'000LL + 5'000'000},
    {"DeepSeek: what hit the cache is part of the prompt", "deepseek", "deepseek-v4-flash", "",
     R"({"prompt_tokens":1000,"prompt_cache_hit_tokens":900,"prompt_cache_miss_tokens":100,"completion_tokens":10})",
     "", 100 * 140'000 + 900 * 2'800 + 10 * 280'000},
    {"Groq: flex costs what on-demand does", "groq", "openai/gpt-oss-20b", "flex",
     R"({"prompt_tokens":1000,"completion_tokens":10})",
     R"("service_tier":"flex",)", 1000 * 75'000 + 10 * 300'000},
    // clang-format on
};

provider::EndpointSpec endpoint_of(const Bill& bill) {
  provider::EndpointSpec spec;
  spec.provider = find_provider(bill.constructor);
  spec.base_url = spec.provider.profile->base_url;
  spec.model = bill.model;
  spec.service_tier = bill.asked;
  return spec;
}

std::string reply_of(const Bill& bill) {
  const std::string answer =
      std::string(bill.constructor) == "anthropic"
          ? R"("content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn")"
          : R"("choices":[{"finish_reason":"stop","message":{"content":"ok"}}])";
  return std::string("{") + bill.tier + answer + R"(,"usage":)" + bill.usage + "}";
}

TEST(Bills, AreExactForEachWayOfCountingAndEachKindOfPrice) {
  for (const Bill& bill : kBills) {
    const provider::EndpointSpec spec = endpoint_of(bill);
    const auto price = price_of(spec);
    ASSERT_TRUE(price.has_value()) << bill.name;
    const provider::Reply reply = make_codec(spec)->read(200, {}, reply_of(bill), {});
    EXPECT_EQ(reply.outcome.billing, provider::Billing::known) << bill.name;
    EXPECT_EQ(provider::attempt_cost(reply.outcome, *price, {}).cost.picodollars(),
              bill.picodollars)
        << bill.name;
  }
}

// Without cacheDetails, as the request asked; with them, as they say.
TEST(Bills, WhatBedrockWritesToItsCacheCostsByItsTime) {
  constexpr std::int64_t kRest = 10 * 1'000'000 + 1'000 * 100'000 + 7 * 5'000'000;
  const auto cost = [](core::CacheWrites writes, const std::string& details) {
    provider::EndpointSpec spec;
    spec.provider = find_provider("bedrock");
    spec.model = "anthropic.claude-haiku-4-5-20251001-v1:0";
    spec.cache_writes = writes;
    const std::string reply =
        R"({"output":{"message":{"content":[{"text":"ok"}]}},"stopReason":"end_turn","usage":{)"
        R"("inputTokens":10,"cacheReadInputTokens":1000,"cacheWriteInputTokens":200,)" +
        details + R"("outputTokens":7,"totalTokens":1217}})";
    const auto read = make_codec(spec)->read(200, {}, reply, {});
    return provider::attempt_cost(read.outcome, price_of(spec).value(), {}).cost.picodollars();
  };
  using enum core::CacheWrites;
  EXPECT_EQ(cost(brief, ""), kRest + 200 * 1'250'000);
  EXPECT_EQ(cost(hour, ""), kRest + 200 * 2'000'000);
  EXPECT_EQ(
      cost(hour,
           R"("cacheDetails":[{"ttl":"1h","inputTokens":150},{"ttl":"5m","inputTokens":50}],)"),
      kRest + 150 * 2'000'000 + 50 * 1'250'000);
}

TEST(Bills, ACacheHitInAGoogleBatchCostsWhatItCostsOutside) {
  provider::EndpointSpec spec;
  spec.base_url = "https://generativelanguage.googleapis.com/v1beta/openai";
  spec.model = "gemini-2.5-flash";
  const auto price = price_of(spec, Tier::batch);
  ASSERT_TRUE(price.has_value());
  const Usage usage{.input = 1000, .cached_input = 400, .output = 10};
  EXPECT_EQ(provider::cost_of(usage, *price).picodollars(),
            600 * 150'000 + 400 * 30'000 + 10 * 1'250'000);
}

TEST(Bills, AboveTheStepGoogleProCostsTwiceTheInputAndHalfAsMuchOutputAgain) {
  provider::EndpointSpec spec;
  spec.base_url = "https://generativelanguage.googleapis.com/v1beta/openai";
  spec.model = "gemini-2.5-pro";
  const Usage usage{.input = 200'001, .output = 10};
  EXPECT_EQ(provider::cost_of(usage, *price_of(spec)).picodollars(),
            200'001 * 2'500'000LL + 10 * 15'000'000);
}

// Every model, every tier that it can be asked for: whatever the reply reports within the tokens that
// the worst case allows, the bill is no more than it, as long as nothing comes that was not asked for.
TEST(Bills, AreNeverMoreThanTheWorstCase) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return n == 0 ? 0 : random() % n; };
  const auto check = [&](const core::Price& price, Tier asked) {
    const Usage most{.input = 1 + below(600'000), .output = 1 + below(128'000)};
    const Money worst = provider::most_cost_of(most, price);
    for (int i = 0; i < 20; ++i) {
      Usage usage{.input = below(most.input + 1), .output = below(most.output + 1)};
      usage.cached_input = below(usage.input + 1);
      const std::uint64_t rest = usage.input - usage.cached_input;
      if (price.writes != core::CacheWrites::none) usage.cache_write = below(rest + 1);
      if (price.writes == core::CacheWrites::hour)
        usage.cache_write_1h = below(rest - usage.cache_write + 1);
      usage.reasoning = below(usage.output + 1);
      for (const Tier tier : {Tier::asked, Tier::standard, asked})
        EXPECT_LE(provider::cost_of(usage, price, tier), worst);
      // What was not asked for, once it was seen.
      const auto seen = static_cast<Tier>(below(core::kTiers));
      usage.cache_write_1h +=
          usage.input - usage.cached_input - usage.cache_write - usage.cache_write_1h;
      provider::Billed billed;
      billed.learn(usage, seen);
      EXPECT_LE(provider::cost_of(usage, price, seen), provider::most_cost_of(most, price, billed));
    }
  };
  for (const price_rows::List& list : price_rows::kLists) {
    for (const provider::Model& row : list.models) {
      for (std::size_t t = 0; t < core::kTiers; ++t) {
        const auto tier = static_cast<Tier>(t);
        auto price = at_tier(row.facts.price, tier);
        if (!price) continue;
        check(*price, tier);
        check(in_region(*price), tier);
        price->writes = core::CacheWrites::hour;
        check(*price, tier);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::codec
