// List prices and limits, a list a provider. A row: dollars per million input, cached input and
// output tokens, then the tokens of a prompt and of an answer at most. Where a list has no price for
// cached input, the row repeats the input price. To add a model: a row here; `sluice prices` and the
// tests of the table follow. Facts and sources: docs/providers.md, Prices.
#pragma once

#include "provider/profile.h"

namespace sluice::codec::price_rows {

using provider::Model;
using provider::model;
using provider::Tier;

inline constexpr std::string_view kAsOf = "2026-08-01";
inline constexpr std::string_view kLitellm = "litellm-prices";

consteval Model listed(const Model& row) {
  return row.from(kLitellm, kAsOf);
}

// --- OpenAI. `priority` times the standard price; flex and batch are half of it. Long prompts: from
// 5.4 on, in the models that take them. 5.6 writes its cache unasked, at 1.25 times the input.

consteval Model openai(const Model& row, double priority) {
  return listed(row).at(Tier::flex, 0.5).at(Tier::priority, priority).at(Tier::batch, 0.5);
}
consteval Model openai_without_flex(const Model& row, double priority) {
  return listed(row).at(Tier::priority, priority).at(Tier::batch, 0.5);
}
consteval Model openai_without_priority(const Model& row) {
  return listed(row).at(Tier::flex, 0.5).at(Tier::batch, 0.5);
}
consteval Model openai_long(const Model& row, double priority) {
  return openai(row.above(272'000, 2, 1.5), priority);
}
consteval Model openai_writing(const Model& row, double priority) {
  return openai_long(row.writes(1.25, 0).unasked(), priority);
}
consteval Model half_in_batches(const Model& row) {
  return listed(row).at(Tier::batch, 0.5);
}

inline constexpr Model kOpenAi[] = {
    // clang-format off
    openai_without_flex(model("gpt-4.1", 2, 0.5, 8, 1047576, 32768), 1.75),
    openai_without_flex(model("gpt-4.1-mini", 0.4, 0.1, 1.6, 1047576, 32768), 1.75),
    openai_without_flex(model("gpt-4.1-nano", 0.1, 0.025, 0.4, 1047576, 32768), 2),
    openai_without_flex(model("gpt-4o", 2.5, 1.25, 10, 128000, 16384), 1.7),
    openai_without_flex(model("gpt-4o-mini", 0.15, 0.075, 0.6, 128000, 16384), 5.0 / 3),
    openai(model("gpt-5", 1.25, 0.125, 10, 272000, 128000), 2),
    openai(model("gpt-5-mini", 0.25, 0.025, 2, 272000, 128000), 1.8),
    openai_without_priority(model("gpt-5-nano", 0.05, 0.005, 0.4, 272000, 128000)),
    openai_long(model("gpt-5.4", 2.5, 0.25, 15, 1050000, 128000), 2),
    openai(model("gpt-5.4-mini", 0.75, 0.075, 4.5, 272000, 128000), 2),
    openai_without_priority(model("gpt-5.4-nano", 0.2, 0.02, 1.25, 272000, 128000)),
    openai_long(model("gpt-5.5", 5, 0.5, 30, 1050000, 128000), 2.5),
    openai_writing(model("gpt-5.6-luna", 0.2, 0.02, 1.2, 1050000, 128000), 2),
    openai_writing(model("gpt-5.6-sol", 5, 0.5, 30, 1050000, 128000), 2),
    openai_writing(model("gpt-5.6-terra", 2, 0.2, 12, 1050000, 128000), 2),
    half_in_batches(model("text-embedding-3-large", 0.13, 0.13, 0, 8191, 0)),
    half_in_batches(model("text-embedding-3-small", 0.02, 0.02, 0, 8191, 0)),
    // clang-format on
};

inline constexpr Model kAzure[] = {
    // clang-format off
    half_in_batches(model("gpt-5-mini", 0.25, 0.025, 2, 272000, 128000)),
    half_in_batches(model("gpt-5.4", 2.5, 0.25, 15, 1050000, 128000).above(272'000, 2, 1.5)),
    // clang-format on
};

// --- Anthropic. Written to the cache only on request: 1.25 times the input for five minutes, twice
// for an hour. Its priority tier is paid for in advance, and counts as standard. Fast mode of
// Opus 4.8 ended in November 2026.

consteval Model anthropic(const Model& row) {
  return listed(row.writes(1.25, 2)).at(Tier::priority, 1).at(Tier::batch, 0.5);
}

inline constexpr Model kAnthropic[] = {
    // clang-format off
    anthropic(model("claude-fable-5", 10, 1, 50, 1000000, 128000)),
    anthropic(model("claude-haiku-4-5", 1, 0.1, 5, 200000, 64000)),
    anthropic(model("claude-opus-4-8", 5, 0.5, 25, 1000000, 128000)),
    anthropic(model("claude-opus-5", 5, 0.5, 25, 1000000, 128000)).at(Tier::fast, 2),
    anthropic(model("claude-sonnet-4-6", 3, 0.3, 15, 1000000, 64000)),
    // The price after the introduction, which ended on 2026-08-31.
    anthropic(model("claude-sonnet-5", 3, 0.3, 15, 1000000, 128000)).from("ant-skill", "2026-09-01"),
    // clang-format on
};

// --- Google. A cache hit inside a batch costs what it costs outside.

consteval Model google(const Model& row) {
  return listed(row).at(Tier::flex, 0.5).at(Tier::priority, 1.8).at(Tier::batch, 0.5, false);
}
consteval Model google_pro(const Model& row) {
  return google(row.above(200'000, 2, 1.5));
}

inline constexpr Model kGoogle[] = {
    // clang-format off
    google(model("gemini-2.5-flash", 0.3, 0.03, 2.5, 1048576, 65535)),
    google(model("gemini-2.5-flash-lite", 0.1, 0.01, 0.4, 1048576, 65535)),
    google_pro(model("gemini-2.5-pro", 1.25, 0.125, 10, 1048576, 65535)),
    google(model("gemini-3.1-flash-lite", 0.25, 0.025, 1.5, 1048576, 65536)),
    google_pro(model("gemini-3.1-pro-preview", 2, 0.2, 12, 1048576, 65536)),
    google(model("gemini-3.5-flash", 1.5, 0.15, 9, 1048576, 65535)),
    google(model("gemini-3.5-flash-lite", 0.3, 0.03, 2.5, 1048576, 65536)),
    google(model("gemini-3.6-flash", 1.5, 0.15, 7.5, 1048576, 65536)),
    // clang-format on
};

// --- AWS Bedrock. A regional profile ("us.", "eu.", "apac.") of a name that is not here costs a tenth
// more than the name without it (prices.cc).

consteval Model nova(const Model& row) {
  return listed(row).at(Tier::flex, 0.5).at(Tier::priority, 1.75).at(Tier::batch, 0.5);
}
consteval Model bedrock_claude(const Model& row) {
  return half_in_batches(row.writes(1.25, 2));
}

inline constexpr Model kBedrock[] = {
    // clang-format off
    nova(model("amazon.nova-2-lite-v1:0", 0.3, 0.075, 2.5, 1000000, 64000)),
    nova(model("amazon.nova-lite-v1:0", 0.06, 0.06, 0.24, 300000, 10000)),
    nova(model("amazon.nova-micro-v1:0", 0.035, 0.035, 0.14, 128000, 10000)),
    bedrock_claude(model("anthropic.claude-haiku-4-5-20251001-v1:0", 1, 0.1, 5, 200000, 64000)),
    bedrock_claude(model("us.anthropic.claude-haiku-4-5-20251001-v1:0", 1.1, 0.11, 5.5, 200000, 64000)),
    bedrock_claude(model("us.anthropic.claude-sonnet-5", 3.3, 0.33, 16.5, 1000000, 128000)).from("ant-skill", "2026-09-01"),
    // clang-format on
};

// --- The others. xAI: long prompts twice the price, output included; the fast model's step is lower.

consteval Model xai(const Model& row, std::uint64_t step) {
  return listed(row.above(step, 2, 2));
}
// Flex costs what on-demand does.
consteval Model groq(const Model& row) {
  return half_in_batches(row).at(Tier::flex, 1);
}

inline constexpr Model kGroq[] = {
    // clang-format off
    groq(model("llama-3.1-8b-instant", 0.05, 0.05, 0.08, 128000, 8192)),
    groq(model("llama-3.3-70b-versatile", 0.59, 0.59, 0.79, 128000, 32768)),
    groq(model("openai/gpt-oss-120b", 0.15, 0.075, 0.6, 131072, 32766)),
    groq(model("openai/gpt-oss-20b", 0.075, 0.0375, 0.3, 131072, 32768)),
    // clang-format on
};
inline constexpr Model kCerebras[] = {
    listed(model("gpt-oss-120b", 0.35, 0.35, 0.75, 131072, 32768)),
};
inline constexpr Model kSambaNova[] = {
    listed(model("gpt-oss-120b", 0.22, 0.22, 0.59, 131072, 131072)),
    listed(model("meta-llama-3.3-70b-instruct", 0.6, 0.6, 1.2, 131072, 131072)),
};
inline constexpr Model kTogether[] = {
    listed(model("meta-llama/llama-3.3-70b-instruct-turbo", 0.88, 0.88, 0.88, 0, 0)),
    listed(model("openai/gpt-oss-120b", 0.15, 0.15, 0.6, 131072, 131072)),
};
inline constexpr Model kFireworks[] = {
    listed(model("accounts/fireworks/models/deepseek-v3p2", 0.56, 0.56, 1.68, 163840, 163840)),
    listed(model("accounts/fireworks/models/gpt-oss-120b", 0.15, 0.015, 0.6, 131072, 32768)),
    listed(model("accounts/fireworks/models/kimi-k2p5", 0.6, 0.1, 3, 262144, 32768)),
};
inline constexpr Model kXai[] = {
    xai(model("grok-4-1-fast", 0.2, 0.05, 0.5, 2000000, 2000000), 128'000),
    xai(model("grok-4.3", 1.25, 0.2, 2.5, 1000000, 1000000), 200'000),
    xai(model("grok-4.5", 2, 0.5, 6, 500000, 500000), 200'000),
};
inline constexpr Model kMistral[] = {
    listed(model("mistral-large-latest", 0.5, 0.5, 1.5, 262144, 262144)),
    listed(model("mistral-medium-latest", 1.5, 1.5, 7.5, 262144, 262144)),
    listed(model("mistral-small-latest", 0.06, 0.06, 0.18, 131072, 131072)),
};
inline constexpr Model kDeepSeek[] = {
    listed(model("deepseek-chat", 0.28, 0.028, 0.42, 131072, 8192)),
    listed(model("deepseek-v4-flash", 0.14, 0.0028, 0.28, 1000000, 8192)),
    listed(model("deepseek-v4-pro", 0.435, 0.003625, 0.87, 1000000, 8192)),
};

// All of them. `provider` is a profile's name (codec/registry.h) where there is one.
struct List {
  std::string_view provider;
  std::span<const Model> models;
};
inline constexpr List kLists[] = {
    {"openai", kOpenAi},     {"anthropic", kAnthropic},
    {"google", kGoogle},     {"bedrock", kBedrock},
    {"azure", kAzure},       {"groq", kGroq},
    {"cerebras", kCerebras}, {"sambanova", kSambaNova},
    {"together", kTogether}, {"fireworks", kFireworks},
    {"xai", kXai},           {"mistral", kMistral},
    {"deepseek", kDeepSeek},
};

}  // namespace sluice::codec::price_rows
