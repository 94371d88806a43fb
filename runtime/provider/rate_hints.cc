#include "provider/rate_hints.h"

#include <array>
#include <span>

#include "provider/retry_after.h"

namespace sluice::provider {
namespace {

enum class Part : std::uint8_t { limit, remaining, reset };

struct HeaderRule {
  std::string_view name;
  Quota quota;
  Part part;
  double scale = 1;  // from the server's window to the quota's
};

constexpr double kPerSecond = 60;  // a limit per second, as a limit per minute

// The names that OpenAI gave them. Most compatible servers and the LiteLLM proxy use them too.
constexpr std::array kOpenAi = {
    HeaderRule{"x-ratelimit-limit-requests", Quota::requests_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-requests", Quota::requests_per_minute, Part::remaining},
    HeaderRule{"x-ratelimit-reset-requests", Quota::requests_per_minute, Part::reset},
    HeaderRule{"x-ratelimit-limit-tokens", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-tokens", Quota::tokens_per_minute, Part::remaining},
    HeaderRule{"x-ratelimit-reset-tokens", Quota::tokens_per_minute, Part::reset},
};

// Only sent where the project has a limit of its own, beside the organisation's.
constexpr std::array kOpenAiProject = {
    HeaderRule{"x-ratelimit-limit-project-tokens", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-project-tokens", Quota::tokens_per_minute, Part::remaining},
    HeaderRule{"x-ratelimit-reset-project-tokens", Quota::tokens_per_minute, Part::reset},
};

// The same names, but the requests are those of a day.
constexpr std::array kGroq = {
    HeaderRule{"x-ratelimit-limit-requests", Quota::requests_per_day, Part::limit},
    HeaderRule{"x-ratelimit-remaining-requests", Quota::requests_per_day, Part::remaining},
    HeaderRule{"x-ratelimit-reset-requests", Quota::requests_per_day, Part::reset},
    HeaderRule{"x-ratelimit-limit-tokens", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-tokens", Quota::tokens_per_minute, Part::remaining},
    HeaderRule{"x-ratelimit-reset-tokens", Quota::tokens_per_minute, Part::reset},
};

// Windows in the names. Hourly ones have no Quota here and are left out.
constexpr std::array kWindowInName = {
    HeaderRule{"x-ratelimit-limit-requests-minute", Quota::requests_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-requests-minute", Quota::requests_per_minute,
               Part::remaining},
    HeaderRule{"x-ratelimit-reset-requests-minute", Quota::requests_per_minute, Part::reset},
    HeaderRule{"x-ratelimit-limit-requests-day", Quota::requests_per_day, Part::limit},
    HeaderRule{"x-ratelimit-remaining-requests-day", Quota::requests_per_day, Part::remaining},
    HeaderRule{"x-ratelimit-reset-requests-day", Quota::requests_per_day, Part::reset},
    HeaderRule{"x-ratelimit-limit-tokens-minute", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-tokens-minute", Quota::tokens_per_minute, Part::remaining},
    HeaderRule{"x-ratelimit-reset-tokens-minute", Quota::tokens_per_minute, Part::reset},
    HeaderRule{"x-ratelimit-limit-tokens-day", Quota::tokens_per_day, Part::limit},
    HeaderRule{"x-ratelimit-remaining-tokens-day", Quota::tokens_per_day, Part::remaining},
    HeaderRule{"x-ratelimit-reset-tokens-day", Quota::tokens_per_day, Part::reset},
};

// Per second. What remains of this second says nothing about a minute, so only limits are read.
constexpr std::array kTogether = {
    HeaderRule{"x-ratelimit-limit", Quota::requests_per_minute, Part::limit, kPerSecond},
    HeaderRule{"x-tokenlimit-limit", Quota::tokens_per_minute, Part::limit, kPerSecond},
};
constexpr std::array kFireworks = {
    HeaderRule{"x-ratelimit-limit-tokens-prompt", Quota::input_tokens_per_minute, Part::limit,
               kPerSecond},
    HeaderRule{"x-ratelimit-limit-tokens-generated", Quota::output_tokens_per_minute, Part::limit,
               kPerSecond},
};

// "By size" means tokens.
constexpr std::array kMistral = {
    HeaderRule{"x-ratelimitbysize-limit-minute", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"x-ratelimitbysize-remaining-minute", Quota::tokens_per_minute, Part::remaining},
    HeaderRule{"ratelimitbysize-reset", Quota::tokens_per_minute, Part::reset},
};

// The window of the request headers is not known, so only tokens are read.
constexpr std::array kXai = {
    HeaderRule{"x-ratelimit-limit-tokens", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"x-ratelimit-remaining-tokens", Quota::tokens_per_minute, Part::remaining},
};

constexpr std::array kAnthropic = {
    HeaderRule{"anthropic-ratelimit-requests-limit", Quota::requests_per_minute, Part::limit},
    HeaderRule{"anthropic-ratelimit-requests-remaining", Quota::requests_per_minute,
               Part::remaining},
    HeaderRule{"anthropic-ratelimit-requests-reset", Quota::requests_per_minute, Part::reset},
    HeaderRule{"anthropic-ratelimit-input-tokens-limit", Quota::input_tokens_per_minute,
               Part::limit},
    HeaderRule{"anthropic-ratelimit-input-tokens-remaining", Quota::input_tokens_per_minute,
               Part::remaining},
    HeaderRule{"anthropic-ratelimit-input-tokens-reset", Quota::input_tokens_per_minute,
               Part::reset},
    HeaderRule{"anthropic-ratelimit-output-tokens-limit", Quota::output_tokens_per_minute,
               Part::limit},
    HeaderRule{"anthropic-ratelimit-output-tokens-remaining", Quota::output_tokens_per_minute,
               Part::remaining},
    HeaderRule{"anthropic-ratelimit-output-tokens-reset", Quota::output_tokens_per_minute,
               Part::reset},
};

// "Tokens" repeats whichever limit is the tightest now, input's or output's: it is a limit of its
// own only where the other two are not sent.
constexpr std::array kAnthropicTokens = {
    HeaderRule{"anthropic-ratelimit-tokens-limit", Quota::tokens_per_minute, Part::limit},
    HeaderRule{"anthropic-ratelimit-tokens-remaining", Quota::tokens_per_minute, Part::remaining},
    HeaderRule{"anthropic-ratelimit-tokens-reset", Quota::tokens_per_minute, Part::reset},
};

std::span<const HeaderRule> rules_of(Service service) {
  switch (service) {
    case Service::anthropic:
      return kAnthropic;
    case Service::groq:
      return kGroq;
    case Service::cerebras:
    case Service::sambanova:
      return kWindowInName;
    case Service::together:
      return kTogether;
    case Service::fireworks:
      return kFireworks;
    case Service::mistral:
      return kMistral;
    case Service::xai:
      return kXai;
    case Service::openrouter:  // a unit that is not documented
    case Service::deepseek:    // none
    case Service::google:      // none
      return {};
    case Service::openai:
    case Service::azure:
    case Service::other:
      return kOpenAi;
  }
  return {};
}

std::optional<core::Duration> read_reset(std::string_view text, core::WallTime wall_now) {
  if (auto instant = read_rfc3339(text, wall_now)) return instant;
  auto wait = read_count_of(text, std::chrono::seconds(1));
  if (!wait) wait = read_go_duration(text);
  if (wait && *wait == core::Duration::zero()) return std::nullopt;
  return wait;
}

void apply(const HeaderRule& rule, std::string_view text, core::WallTime wall_now,
           std::array<QuotaHint, kQuotas>& quota) {
  QuotaHint& hint = quota[static_cast<std::size_t>(rule.quota)];
  switch (rule.part) {
    case Part::limit:
      if (const auto n = read_number(text); n && *n > 0) hint.limit = *n * rule.scale;
      return;
    case Part::remaining:
      if (const auto n = read_number(text)) hint.remaining = *n * rule.scale;
      return;
    case Part::reset:
      hint.reset_after = read_reset(text, wall_now);
      return;
  }
}

void read_quotas(std::span<const HeaderRule> rules, const std::vector<HeaderView>& headers,
                 core::WallTime wall_now, std::array<QuotaHint, kQuotas>& quota) {
  if (rules.empty()) return;
  for (const auto& [name, value] : headers) {
    for (const HeaderRule& rule : rules) {
      if (rule.name == name) apply(rule, value, wall_now, quota);
    }
  }
}

bool empty(const QuotaHint& hint) {
  return !hint.limit && !hint.remaining && !hint.reset_after;
}

// Which of two limits on the same quota is felt first.
bool tighter(const QuotaHint& a, const QuotaHint& b) {
  if (a.remaining && b.remaining) return *a.remaining < *b.remaining;
  return !empty(a) && empty(b);
}

std::optional<core::Duration> read_retry_after(Service service, int status,
                                               const std::vector<HeaderView>& headers,
                                               core::WallTime wall_now) {
  // The one in milliseconds is the finer one and wins, wherever it stands.
  std::optional<core::Duration> milliseconds;
  std::optional<core::Duration> seconds;
  for (const auto& [name, value] : headers) {
    if (name == "retry-after-ms" || name == "x-ms-retry-after-ms") {
      if (auto wait = read_count_of(value, std::chrono::milliseconds(1))) milliseconds = wait;
    } else if (name == "retry-after") {
      seconds = read_count_of(value, std::chrono::seconds(1));
      if (!seconds) seconds = read_go_duration(value);
      if (!seconds) seconds = read_http_date(value, wall_now);
      if (!seconds) seconds = read_rfc3339(value, wall_now);
    } else if (name == "x-ratelimit-reset" && service == Service::together && status == 429 &&
               !seconds) {
      seconds = read_count_of(value, std::chrono::seconds(1));
    }
  }
  return milliseconds ? milliseconds : seconds;
}

}  // namespace

RateHints read_rate_hints(Service service, int status, const std::vector<HeaderView>& headers,
                          core::WallTime wall_now) {
  RateHints hints;
  hints.retry_after = read_retry_after(service, status, headers, wall_now);
  read_quotas(rules_of(service), headers, wall_now, hints.quota);

  const auto at = [&](Quota q) -> QuotaHint& { return hints.quota[static_cast<std::size_t>(q)]; };
  if (service == Service::openai) {
    std::array<QuotaHint, kQuotas> project;
    read_quotas(kOpenAiProject, headers, wall_now, project);
    const QuotaHint& tokens = project[static_cast<std::size_t>(Quota::tokens_per_minute)];
    if (tighter(tokens, at(Quota::tokens_per_minute))) at(Quota::tokens_per_minute) = tokens;
  } else if (service == Service::anthropic && empty(at(Quota::input_tokens_per_minute)) &&
             empty(at(Quota::output_tokens_per_minute))) {
    read_quotas(kAnthropicTokens, headers, wall_now, hints.quota);
  }
  return hints;
}

}  // namespace sluice::provider
