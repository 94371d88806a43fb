#include "provider/error_table.h"

#include <algorithm>
#include <array>

namespace sluice::provider {
namespace {

using Kind = ErrorKind;

constexpr bool kLong = true;

constexpr std::array kRules = {
    // clang-format off
    // Money, not rate (rows 4, 14, 15). No wait helps.
    ErrorRule{Kind::money, 400, 499, "credit_balance_exhausted", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 499, "organization_spend_limit_exceeded", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{Kind::money, 400, 499, "project_spend_limit_exceeded", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{Kind::money, 400, 499, "organization_usage_limit_exceeded", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{Kind::money, 400, 499, "billing_hard_limit_reached", "", false, Action::stop, Cause::spend_limit},
    // The type of all of the above at OpenAI, and the code of the plain case.
    ErrorRule{Kind::money, 400, 499, "insufficient_quota", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 499, "enforced_spend_limit_reached", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{Kind::money, 400, 499, "blocked_api_access", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{Kind::money, 400, 499, "billing_error", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 499, "payment_required", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 402, 402, "", "", false, Action::stop, Cause::payment},
    // Of gateways, and of those who resell, which pass the words on with a status of their own. Not
    // among them: "exceeded your current quota", which Google says of a minute's.
    ErrorRule{Kind::money, 400, 599, "budget_exceeded", "", false, Action::stop, Cause::spend_limit},          // LiteLLM
    ErrorRule{Kind::money, 400, 599, "", "budget has been exceeded", false, Action::stop, Cause::spend_limit}, // LiteLLM
    ErrorRule{Kind::money, 400, 599, "", "exceededbudget", false, Action::stop, Cause::spend_limit},           // LiteLLM
    ErrorRule{Kind::money, 400, 599, "", "exceeded budget", false, Action::stop, Cause::spend_limit},          // LiteLLM
    ErrorRule{Kind::money, 400, 599, "", "key limit exceeded", false, Action::stop, Cause::spend_limit},       // OpenRouter
    ErrorRule{Kind::money, 400, 599, "", "monthly spending limit", false, Action::stop, Cause::spend_limit},   // xAI, Fireworks
    ErrorRule{Kind::money, 400, 599, "", "insufficient_quota", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 599, "", "credit balance is too low", false, Action::stop, Cause::payment},    // Anthropic's
    ErrorRule{Kind::money, 400, 599, "", "insufficient credit", false, Action::stop, Cause::payment},          // OpenRouter
    ErrorRule{Kind::money, 400, 599, "", "requires more credits", false, Action::stop, Cause::payment},        // OpenRouter
    ErrorRule{Kind::money, 400, 599, "", "more credits are required", false, Action::stop, Cause::payment},    // OpenRouter
    ErrorRule{Kind::money, 400, 599, "", "used all available credits", false, Action::stop, Cause::payment},   // xAI
    ErrorRule{Kind::money, 400, 599, "", "credit limit exceeded", false, Action::stop, Cause::payment},        // Together
    ErrorRule{Kind::money, 400, 599, "", "insufficient balance", false, Action::stop, Cause::payment},         // DeepSeek
    ErrorRule{Kind::money, 400, 599, "", "insufficient account balance", false, Action::stop, Cause::payment}, // sub2api
    ErrorRule{Kind::money, 400, 599, "", "insufficient funds", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 599, "", "余额不足", false, Action::stop, Cause::payment},                       // Zhipu, resellers
    ErrorRule{Kind::money, 400, 599, "insufficient_balance", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 599, "INSUFFICIENT_BALANCE", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 599, "insufficient_funds", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 599, "insufficient_credits", "", false, Action::stop, Cause::payment},
    ErrorRule{Kind::money, 400, 599, "insufficient_user_quota", "", false, Action::stop, Cause::payment},      // one-api
    ErrorRule{Kind::money, 400, 599, "exceeded_current_quota_error", "", false, Action::stop, Cause::payment}, // Moonshot
    ErrorRule{Kind::money, 400, 499, "Arrearage", "", false, Action::stop, Cause::payment},                    // DashScope

    // Quotas of a day or a month (rows 12, 16).
    ErrorRule{Kind::long_quota, 429, 429, "", "free-models-per-day", false, Action::stop, Cause::daily_quota},
    ErrorRule{Kind::long_quota, 429, 429, "", "per day", kLong, Action::stop, Cause::daily_quota},
    ErrorRule{Kind::long_quota, 429, 429, "", "per month", kLong, Action::stop, Cause::daily_quota},

    // Too large (rows 2, 9): half the rows may fit.
    ErrorRule{Kind::too_large, 400, 499, "context_length_exceeded", "", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 400, 499, "token_limit_exceeded", "", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 400, 499, "string_too_long", "", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 400, 499, "max_tokens_per_request", "", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 400, 499, "exceed_context_size_error", "", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 400, 422, "", "maximum context length", false, Action::split, Cause::too_large},
    // Of texts to embed.
    ErrorRule{Kind::too_large, 400, 422, "", "maximum input length", false, Action::split, Cause::too_large},     // OpenAI
    ErrorRule{Kind::too_large, 400, 422, "", "too many tokens in batch", false, Action::split, Cause::too_large}, // Mistral
    ErrorRule{Kind::too_large, 400, 422, "", "too many tokens overall", false, Action::split, Cause::too_large},  // Mistral
    ErrorRule{Kind::too_large, 400, 422, "", "too many inputs", false, Action::split, Cause::too_large},          // Mistral
    ErrorRule{Kind::too_large, 400, 422, "", "maximum allowed batch size", false, Action::split, Cause::too_large},  // text-embeddings-inference
    ErrorRule{Kind::too_large, 400, 400, "", "prompt is too long", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 413, 413, "", "", false, Action::split, Cause::too_large},
    ErrorRule{Kind::too_large, 429, 429, "", "request too large", false, Action::split, Cause::too_large},

    // What this text, and no other, will never be answered for (rows 1, 5, 24).
    ErrorRule{Kind::content, 400, 403, "content_filter", "", false, Action::dead, Cause::content_filter},
    ErrorRule{Kind::content, 400, 403, "content_policy_violation", "", false, Action::dead, Cause::content_filter},
    ErrorRule{Kind::content, 400, 403, "invalid_prompt", "", false, Action::dead, Cause::content_filter},
    ErrorRule{Kind::content, 400, 403, "bio_policy", "", false, Action::dead, Cause::content_filter},

    // The key, the model, the address (rows 3, 5, 6).
    ErrorRule{Kind::access, 401, 401, "", "", false, Action::stop, Cause::auth},
    ErrorRule{Kind::access, 407, 407, "", "", false, Action::stop, Cause::auth},
    ErrorRule{Kind::access, 403, 403, "permission_error", "", false, Action::stop, Cause::forbidden},
    ErrorRule{Kind::access, 403, 403, "PERMISSION_DENIED", "", false, Action::stop, Cause::forbidden},
    ErrorRule{Kind::access, 403, 403, "unsupported_country_region_territory", "", false, Action::stop, Cause::forbidden},
    ErrorRule{Kind::access, 404, 404, "model_not_found", "", false, Action::stop, Cause::not_found},
    ErrorRule{Kind::access, 404, 404, "not_found_error", "", false, Action::stop, Cause::not_found},
    ErrorRule{Kind::access, 404, 404, "DeploymentNotFound", "", false, Action::stop, Cause::not_found},
    // What a firewall says to one text, and a wrong address to all.
    ErrorRule{Kind::access, 403, 403, "", "", false, Action::refused, Cause::forbidden},
    ErrorRule{Kind::access, 404, 405, "", "", false, Action::refused, Cause::not_found},
    ErrorRule{Kind::access, 300, 399, "", "", false, Action::refused, Cause::redirect},  // base_url is an old address
    ErrorRule{Kind::access, 501, 501, "", "", false, Action::refused, Cause::unsupported},

    // Capacity and rate (rows 12, 13, 18).
    ErrorRule{Kind::rate, 429, 429, "resource_unavailable", "", false, Action::move, Cause::capacity},
    ErrorRule{Kind::rate, 429, 429, "", "resource unavailable", false, Action::move, Cause::capacity},
    ErrorRule{Kind::rate, 498, 498, "", "", false, Action::move, Cause::capacity},
    ErrorRule{Kind::rate, 429, 429, "slow_down", "", false, Action::retry, Cause::slow_down},
    ErrorRule{Kind::rate, 503, 503, "slow_down", "", false, Action::retry, Cause::slow_down},
    ErrorRule{Kind::rate, 429, 429, "", "", false, Action::retry, Cause::rate_limit},

    // The rest of 4xx (rows 1, 7, 8, 10, 11).
    ErrorRule{Kind::other, 408, 408, "", "", false, Action::retry, Cause::timeout},
    ErrorRule{Kind::other, 409, 409, "", "", false, Action::retry, Cause::conflict},
    ErrorRule{Kind::other, 421, 421, "", "", false, Action::retry, Cause::conflict},  // another connection may do
    ErrorRule{Kind::other, 425, 425, "", "", false, Action::retry, Cause::conflict},
    ErrorRule{Kind::other, 422, 422, "", "", false, Action::refused, Cause::unprocessable},
    ErrorRule{Kind::other, 499, 499, "", "", false, Action::retry, Cause::cancelled},
    ErrorRule{Kind::other, 400, 499, "", "", false, Action::refused, Cause::bad_request},

    // The server's own (rows 19 to 22). Behind a gateway that gave up waiting, the call may have
    // run.
    ErrorRule{Kind::server, 504, 504, "", "", false, Action::retry, Cause::timeout, Billing::possible},
    ErrorRule{Kind::server, 520, 524, "", "", false, Action::retry, Cause::server_error, Billing::possible},
    ErrorRule{Kind::server, 529, 529, "", "", false, Action::retry, Cause::overloaded},
    ErrorRule{Kind::server, 500, 599, "overloaded_error", "", false, Action::retry, Cause::overloaded},
    ErrorRule{Kind::server, 503, 503, "server_is_overloaded", "", false, Action::retry, Cause::overloaded},
    ErrorRule{Kind::server, 500, 599, "", "", false, Action::retry, Cause::server_error},
    // clang-format on
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool contains(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool matches(const ErrorRule& rule, const ErrorFacts& facts) {
  if (facts.status < rule.from || facts.status > rule.to) return false;
  if (!rule.name.empty() && rule.name != facts.type && rule.name != facts.code &&
      rule.name != facts.detail) {
    return false;
  }
  if (!rule.words.empty() && !contains(facts.message, rule.words) &&
      !contains(facts.detail, rule.words)) {
    return false;
  }
  return !rule.only_long_wait || !facts.retry_after || *facts.retry_after >= kLongWait;
}

}  // namespace

std::span<const ErrorRule> common_error_rules() {
  return kRules;
}

Verdict classify(const ErrorFacts& facts, std::span<const ErrorRule> own) {
  const ErrorRule* first = nullptr;
  for (const auto rules : {own, common_error_rules()}) {
    for (const ErrorRule& rule : rules) {
      if (first != nullptr && rule.kind >= first->kind) continue;
      if (matches(rule, facts)) first = &rule;
    }
  }
  Verdict verdict{Action::retry, Cause::bad_reply, Billing::possible};
  if (first != nullptr) verdict = {first->action, first->cause, first->billing, first->pause};
  if (!facts.should_retry) return verdict;
  const bool again = verdict.action == Action::retry || verdict.action == Action::move;
  if (again && !*facts.should_retry) verdict.action = Action::dead;
  const bool final = verdict.action == Action::dead || verdict.action == Action::refused;
  if (final && *facts.should_retry) verdict.action = Action::retry;
  return verdict;
}

}  // namespace sluice::provider
