#include "provider/prices.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "provider/service.h"

namespace sluice::provider {
namespace {

constexpr std::string_view kSnapshotDate = "2026-08-01";

struct Row {
  std::string_view model;
  Service service = Service::other;
  ModelFacts facts;
};

// A dollar per million tokens is a million picodollars a token.
consteval core::Money per_million(double dollars) {
  return core::Money::picodollars(static_cast<std::int64_t>(dollars * 1e6 + 0.5));
}

consteval Row row(std::string_view model, Service service, double input, double cached_input,
                  double output, int max_input, int max_output) {
  return {model,
          service,
          {{per_million(input), per_million(cached_input), per_million(output)},
           max_input,
           max_output}};
}

// model, service, then dollars per million tokens (input, cached input, output), tokens at most
// (input, output). Names in lower case, and in their order.
constexpr std::array kRows = {
    // clang-format off
    row("accounts/fireworks/models/deepseek-v3p2", Service::fireworks, 0.56, 0.56, 1.68, 163840, 163840),
    row("accounts/fireworks/models/gpt-oss-120b", Service::fireworks, 0.15, 0.015, 0.6, 131072, 32768),
    row("accounts/fireworks/models/kimi-k2p5", Service::fireworks, 0.6, 0.1, 3, 262144, 32768),
    row("amazon.nova-2-lite-v1:0", Service::other, 0.3, 0.075, 2.5, 1000000, 64000),
    row("amazon.nova-lite-v1:0", Service::other, 0.06, 0.06, 0.24, 300000, 10000),
    row("amazon.nova-micro-v1:0", Service::other, 0.035, 0.035, 0.14, 128000, 10000),
    row("anthropic.claude-haiku-4-5-20251001-v1:0", Service::other, 1, 0.1, 5, 200000, 64000),
    row("claude-fable-5", Service::anthropic, 10, 1, 50, 1000000, 128000),
    row("claude-haiku-4-5", Service::anthropic, 1, 0.1, 5, 200000, 64000),
    row("claude-opus-4-8", Service::anthropic, 5, 0.5, 25, 1000000, 128000),
    row("claude-opus-5", Service::anthropic, 5, 0.5, 25, 1000000, 128000),
    row("claude-sonnet-4-6", Service::anthropic, 3, 0.3, 15, 1000000, 64000),
    row("claude-sonnet-5", Service::anthropic, 3, 0.3, 15, 1000000, 128000),
    row("deepseek-chat", Service::deepseek, 0.28, 0.028, 0.42, 131072, 8192),
    row("deepseek-v4-flash", Service::deepseek, 0.14, 0.0028, 0.28, 1000000, 8192),
    row("deepseek-v4-pro", Service::deepseek, 0.435, 0.003625, 0.87, 1000000, 8192),
    row("gemini-2.5-flash", Service::google, 0.3, 0.03, 2.5, 1048576, 65535),
    row("gemini-2.5-flash-lite", Service::google, 0.1, 0.01, 0.4, 1048576, 65535),
    row("gemini-2.5-pro", Service::google, 1.25, 0.125, 10, 1048576, 65535),
    row("gemini-3.1-flash-lite", Service::google, 0.25, 0.025, 1.5, 1048576, 65536),
    row("gemini-3.1-pro-preview", Service::google, 2, 0.2, 12, 1048576, 65536),
    row("gemini-3.5-flash", Service::google, 1.5, 0.15, 9, 1048576, 65535),
    row("gemini-3.5-flash-lite", Service::google, 0.3, 0.03, 2.5, 1048576, 65536),
    row("gemini-3.6-flash", Service::google, 1.5, 0.15, 7.5, 1048576, 65536),
    row("gpt-4.1", Service::openai, 2, 0.5, 8, 1047576, 32768),
    row("gpt-4.1-mini", Service::openai, 0.4, 0.1, 1.6, 1047576, 32768),
    row("gpt-4.1-nano", Service::openai, 0.1, 0.025, 0.4, 1047576, 32768),
    row("gpt-4o", Service::openai, 2.5, 1.25, 10, 128000, 16384),
    row("gpt-4o-mini", Service::openai, 0.15, 0.075, 0.6, 128000, 16384),
    row("gpt-5", Service::openai, 1.25, 0.125, 10, 272000, 128000),
    row("gpt-5-mini", Service::azure, 0.25, 0.025, 2, 272000, 128000),
    row("gpt-5-mini", Service::openai, 0.25, 0.025, 2, 272000, 128000),
    row("gpt-5-nano", Service::openai, 0.05, 0.005, 0.4, 272000, 128000),
    row("gpt-5.4", Service::azure, 2.5, 0.25, 15, 1050000, 128000),
    row("gpt-5.4", Service::openai, 2.5, 0.25, 15, 1050000, 128000),
    row("gpt-5.4-mini", Service::openai, 0.75, 0.075, 4.5, 272000, 128000),
    row("gpt-5.4-nano", Service::openai, 0.2, 0.02, 1.25, 272000, 128000),
    row("gpt-5.5", Service::openai, 5, 0.5, 30, 1050000, 128000),
    row("gpt-5.6-luna", Service::openai, 0.2, 0.02, 1.2, 1050000, 128000),
    row("gpt-5.6-sol", Service::openai, 5, 0.5, 30, 1050000, 128000),
    row("gpt-5.6-terra", Service::openai, 2, 0.2, 12, 1050000, 128000),
    row("gpt-oss-120b", Service::cerebras, 0.35, 0.35, 0.75, 131072, 32768),
    row("gpt-oss-120b", Service::sambanova, 0.22, 0.22, 0.59, 131072, 131072),
    row("grok-4-1-fast", Service::xai, 0.2, 0.05, 0.5, 2000000, 2000000),
    row("grok-4.3", Service::xai, 1.25, 0.2, 2.5, 1000000, 1000000),
    row("grok-4.5", Service::xai, 2, 0.5, 6, 500000, 500000),
    row("llama-3.1-8b-instant", Service::groq, 0.05, 0.05, 0.08, 128000, 8192),
    row("llama-3.3-70b-versatile", Service::groq, 0.59, 0.59, 0.79, 128000, 32768),
    row("meta-llama-3.3-70b-instruct", Service::sambanova, 0.6, 0.6, 1.2, 131072, 131072),
    row("meta-llama/llama-3.3-70b-instruct-turbo", Service::together, 0.88, 0.88, 0.88, 0, 0),
    row("mistral-large-latest", Service::mistral, 0.5, 0.5, 1.5, 262144, 262144),
    row("mistral-medium-latest", Service::mistral, 1.5, 1.5, 7.5, 262144, 262144),
    row("mistral-small-latest", Service::mistral, 0.06, 0.06, 0.18, 131072, 131072),
    row("openai/gpt-oss-120b", Service::groq, 0.15, 0.075, 0.6, 131072, 32766),
    row("openai/gpt-oss-120b", Service::together, 0.15, 0.15, 0.6, 131072, 131072),
    row("openai/gpt-oss-20b", Service::groq, 0.075, 0.0375, 0.3, 131072, 32768),
    row("text-embedding-3-large", Service::openai, 0.13, 0.13, 0, 8191, 0),
    row("text-embedding-3-small", Service::openai, 0.02, 0.02, 0, 8191, 0),
    row("us.anthropic.claude-haiku-4-5-20251001-v1:0", Service::other, 1.1, 0.11, 5.5, 200000, 64000),
    row("us.anthropic.claude-sonnet-5", Service::other, 3.3, 0.33, 16.5, 1000000, 128000),
    // clang-format on
};
static_assert(std::ranges::none_of(kRows, [](const Row& row) {
  return std::ranges::any_of(row.model, [](char c) { return c >= 'A' && c <= 'Z'; });
}));
static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const Row& a, const Row& b) { return a.model < b.model; }));

std::optional<ModelFacts> exact(std::string_view model, Service service) {
  const auto by_model = [](const Row& r, std::string_view m) { return r.model < m; };
  const Row* dearest = nullptr;
  for (auto it = std::lower_bound(kRows.begin(), kRows.end(), model, by_model);
       it != kRows.end() && it->model == model; ++it) {
    if (it->service == service) return it->facts;
    if (dearest == nullptr || it->facts.price.output > dearest->facts.price.output) dearest = &*it;
  }
  if (dearest == nullptr) return std::nullopt;
  return dearest->facts;
}

bool digits(std::string_view text, std::size_t count) {
  return text.size() == count &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `model` without a date at its end: "-2025-08-07", "-20251001", "@20251001", "-0613", "-latest".
std::string_view without_date(std::string_view model) {
  constexpr std::string_view kLatest = "-latest";
  if (model.ends_with(kLatest)) return model.substr(0, model.size() - kLatest.size());
  const std::size_t mark = model.find_last_of("-@");
  if (mark == model.npos) return model;
  const std::string_view tail = model.substr(mark + 1);
  if (digits(tail, 8) || digits(tail, 4)) return model.substr(0, mark);
  constexpr std::size_t kIsoDate = 11;  // "-2025-08-07"
  if (model.size() > kIsoDate) {
    const std::string_view date = model.substr(model.size() - kIsoDate);
    if (date[0] == '-' && digits(date.substr(1, 4), 4) && date[5] == '-' &&
        digits(date.substr(6, 2), 2) && date[8] == '-' && digits(date.substr(9), 2)) {
      return model.substr(0, model.size() - kIsoDate);
    }
  }
  return model;
}

std::optional<ModelFacts> exact_or_dated(std::string_view model, Service service) {
  if (auto facts = exact(model, service)) return facts;
  return exact(without_date(model), service);
}

}  // namespace

std::optional<ModelFacts> model_facts(std::string_view name, std::string_view base_url) {
  const Service service = service_of(base_url);
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  std::string_view model = lower;
  if (model.ends_with(":free")) return ModelFacts{};
  for (;;) {
    if (auto facts = exact_or_dated(model, service)) return facts;
    if (model.starts_with("claude-") && model.find('.') != model.npos) {
      // Gateways write "claude-haiku-4.5" for Anthropic's "claude-haiku-4-5".
      std::string dashed(model);
      std::replace(dashed.begin(), dashed.end(), '.', '-');
      if (auto facts = exact_or_dated(dashed, service)) return facts;
    }
    const std::size_t slash = model.find('/');
    if (slash == model.npos) return std::nullopt;
    model.remove_prefix(slash + 1);
  }
}

std::optional<core::Price> price_of(const EndpointSpec& endpoint) {
  if (endpoint.price) return endpoint.price;
  const auto facts = model_facts(endpoint.model, endpoint.base_url);
  return facts ? std::optional(facts->price) : std::nullopt;
}

std::string_view price_snapshot_date() {
  return kSnapshotDate;
}

}  // namespace sluice::provider
