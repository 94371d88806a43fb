#include "provider/error_table.h"

#include <algorithm>
#include <array>

namespace sluice::provider {
namespace {

constexpr std::nullopt_t kAny = std::nullopt;
constexpr bool kLong = true;

constexpr std::array kRules = {
    // clang-format off
    // Money, not rate (rows 4, 14, 15). No wait helps.
    ErrorRule{400, 499, kAny, "credit_balance_exhausted", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 499, kAny, "organization_spend_limit_exceeded", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, kAny, "project_spend_limit_exceeded", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, kAny, "organization_usage_limit_exceeded", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, kAny, "billing_hard_limit_reached", "", false, Action::stop, Cause::spend_limit},
    // The type of all of the above at OpenAI, and the code of the plain case.
    ErrorRule{400, 499, kAny, "insufficient_quota", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 499, kAny, "enforced_spend_limit_reached", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, kAny, "blocked_api_access", "", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, kAny, "billing_error", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 499, kAny, "payment_required", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 499, Service::anthropic, "", "specified api usage limits", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, Service::anthropic, "", "workspace api usage limits", false, Action::stop, Cause::spend_limit},
    ErrorRule{400, 499, Service::anthropic, "", "credit balance is too low", false, Action::stop, Cause::payment},
    ErrorRule{429, 429, Service::google, "", "prepayment credits are depleted", false, Action::stop, Cause::payment},
    ErrorRule{402, 402, kAny, "", "", false, Action::stop, Cause::payment},
    ErrorRule{412, 412, Service::fireworks, "", "", false, Action::stop, Cause::payment},  // suspended
    // Of gateways, and of those who resell, which pass the words on with a status of their own. Not
    // among them: "exceeded your current quota", which Google says of a minute's.
    ErrorRule{400, 599, kAny, "budget_exceeded", "", false, Action::stop, Cause::spend_limit},          // LiteLLM
    ErrorRule{400, 599, kAny, "", "budget has been exceeded", false, Action::stop, Cause::spend_limit}, // LiteLLM
    ErrorRule{400, 599, kAny, "", "exceededbudget", false, Action::stop, Cause::spend_limit},           // LiteLLM
    ErrorRule{400, 599, kAny, "", "exceeded budget", false, Action::stop, Cause::spend_limit},          // LiteLLM
    ErrorRule{400, 599, kAny, "", "key limit exceeded", false, Action::stop, Cause::spend_limit},       // OpenRouter
    ErrorRule{400, 599, kAny, "", "monthly spending limit", false, Action::stop, Cause::spend_limit},   // xAI, Fireworks
    ErrorRule{400, 599, kAny, "", "insufficient_quota", false, Action::stop, Cause::payment},
    ErrorRule{400, 599, kAny, "", "credit balance is too low", false, Action::stop, Cause::payment},    // Anthropic's
    ErrorRule{400, 599, kAny, "", "insufficient credit", false, Action::stop, Cause::payment},          // OpenRouter
    ErrorRule{400, 599, kAny, "", "requires more credits", false, Action::stop, Cause::payment},        // OpenRouter
    ErrorRule{400, 599, kAny, "", "more credits are required", false, Action::stop, Cause::payment},    // OpenRouter
    ErrorRule{400, 599, kAny, "", "used all available credits", false, Action::stop, Cause::payment},   // xAI
    ErrorRule{400, 599, kAny, "", "credit limit exceeded", false, Action::stop, Cause::payment},        // Together
    ErrorRule{400, 599, kAny, "", "insufficient balance", false, Action::stop, Cause::payment},         // DeepSeek
    ErrorRule{400, 599, kAny, "", "insufficient account balance", false, Action::stop, Cause::payment}, // sub2api
    ErrorRule{400, 599, kAny, "", "insufficient funds", false, Action::stop, Cause::payment},
    ErrorRule{400, 599, kAny, "", "余额不足", false, Action::stop, Cause::payment},                       // Zhipu, resellers
    ErrorRule{400, 599, kAny, "insufficient_balance", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 599, kAny, "INSUFFICIENT_BALANCE", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 599, kAny, "insufficient_funds", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 599, kAny, "insufficient_credits", "", false, Action::stop, Cause::payment},
    ErrorRule{400, 599, kAny, "insufficient_user_quota", "", false, Action::stop, Cause::payment},      // one-api
    ErrorRule{400, 599, kAny, "exceeded_current_quota_error", "", false, Action::stop, Cause::payment}, // Moonshot
    ErrorRule{400, 499, kAny, "Arrearage", "", false, Action::stop, Cause::payment},                    // DashScope

    // Quotas of a day or a month (rows 12, 16).
    ErrorRule{429, 429, kAny, "", "free-models-per-day", false, Action::stop, Cause::daily_quota},
    ErrorRule{429, 429, Service::google, "", "perday", false, Action::stop, Cause::daily_quota},
    ErrorRule{429, 429, kAny, "", "per day", kLong, Action::stop, Cause::daily_quota},
    ErrorRule{429, 429, kAny, "", "per month", kLong, Action::stop, Cause::daily_quota},

    // Too large (rows 2, 9): half the rows may fit.
    ErrorRule{400, 499, kAny, "context_length_exceeded", "", false, Action::split, Cause::too_large},
    ErrorRule{400, 499, kAny, "token_limit_exceeded", "", false, Action::split, Cause::too_large},
    ErrorRule{400, 499, kAny, "string_too_long", "", false, Action::split, Cause::too_large},
    ErrorRule{400, 499, kAny, "exceed_context_size_error", "", false, Action::split, Cause::too_large},
    ErrorRule{400, 422, kAny, "", "maximum context length", false, Action::split, Cause::too_large},
    ErrorRule{400, 400, kAny, "", "prompt is too long", false, Action::split, Cause::too_large},
    ErrorRule{413, 413, kAny, "", "", false, Action::split, Cause::too_large},
    ErrorRule{429, 429, kAny, "", "request too large", false, Action::split, Cause::too_large},

    // What this text, and no other, will never be answered for (rows 1, 5, 24).
    ErrorRule{400, 403, kAny, "content_filter", "", false, Action::dead, Cause::content_filter},
    ErrorRule{400, 403, kAny, "content_policy_violation", "", false, Action::dead, Cause::content_filter},
    ErrorRule{400, 403, kAny, "invalid_prompt", "", false, Action::dead, Cause::content_filter},
    ErrorRule{400, 403, kAny, "bio_policy", "", false, Action::dead, Cause::content_filter},
    ErrorRule{403, 403, Service::openrouter, "", "guardrail", false, Action::dead, Cause::content_filter},
    ErrorRule{403, 403, Service::openrouter, "", "moderation", false, Action::dead, Cause::content_filter},
    ErrorRule{403, 403, Service::openrouter, "", "flagged", false, Action::dead, Cause::content_filter},

    // The key, the model, the address (rows 3, 5, 6).
    ErrorRule{400, 400, Service::google, "", "api key not valid", false, Action::stop, Cause::auth},
    ErrorRule{400, 400, Service::xai, "", "incorrect api key", false, Action::stop, Cause::auth},
    ErrorRule{401, 401, kAny, "", "", false, Action::stop, Cause::auth},
    ErrorRule{407, 407, kAny, "", "", false, Action::stop, Cause::auth},
    // More tokens than the context holds; the key's own errors are 401 there.
    ErrorRule{403, 403, Service::together, "", "", false, Action::split, Cause::too_large},
    ErrorRule{403, 403, kAny, "permission_error", "", false, Action::stop, Cause::forbidden},
    ErrorRule{403, 403, kAny, "PERMISSION_DENIED", "", false, Action::stop, Cause::forbidden},
    ErrorRule{403, 403, kAny, "unsupported_country_region_territory", "", false, Action::stop, Cause::forbidden},
    ErrorRule{404, 404, kAny, "model_not_found", "", false, Action::stop, Cause::not_found},
    ErrorRule{404, 404, kAny, "not_found_error", "", false, Action::stop, Cause::not_found},
    ErrorRule{404, 404, kAny, "DeploymentNotFound", "", false, Action::stop, Cause::not_found},
    // What a firewall says to one text, and a wrong address to all.
    ErrorRule{403, 403, kAny, "", "", false, Action::refused, Cause::forbidden},
    ErrorRule{404, 405, kAny, "", "", false, Action::refused, Cause::not_found},
    ErrorRule{300, 399, kAny, "", "", false, Action::refused, Cause::redirect},  // base_url is an old address
    ErrorRule{501, 501, kAny, "", "", false, Action::refused, Cause::unsupported},

    // Capacity and rate (rows 12, 13, 18).
    ErrorRule{429, 429, kAny, "resource_unavailable", "", false, Action::move, Cause::capacity},
    ErrorRule{429, 429, kAny, "", "resource unavailable", false, Action::move, Cause::capacity},
    ErrorRule{498, 498, kAny, "", "", false, Action::move, Cause::capacity},
    ErrorRule{429, 429, kAny, "slow_down", "", false, Action::retry, Cause::slow_down},
    ErrorRule{503, 503, kAny, "slow_down", "", false, Action::retry, Cause::slow_down},
    ErrorRule{429, 429, Service::anthropic, "", "acceleration", false, Action::retry, Cause::slow_down},
    ErrorRule{429, 429, kAny, "", "", false, Action::retry, Cause::rate_limit},

    // The rest of 4xx (rows 1, 7, 8, 10, 11).
    ErrorRule{408, 408, kAny, "", "", false, Action::retry, Cause::timeout},
    ErrorRule{409, 409, kAny, "", "", false, Action::retry, Cause::conflict},
    ErrorRule{421, 421, kAny, "", "", false, Action::retry, Cause::conflict},  // another connection may do
    ErrorRule{425, 425, kAny, "", "", false, Action::retry, Cause::conflict},
    // The model's own mistake, which another attempt may not repeat.
    ErrorRule{400, 400, Service::groq, "json_validate_failed", "", false, Action::retry, Cause::unprocessable},
    ErrorRule{422, 422, Service::groq, "", "", false, Action::retry, Cause::unprocessable},
    ErrorRule{422, 422, kAny, "", "", false, Action::refused, Cause::unprocessable},
    ErrorRule{499, 499, kAny, "", "", false, Action::retry, Cause::cancelled},
    ErrorRule{400, 499, kAny, "", "", false, Action::refused, Cause::bad_request},

    // The server's own (rows 19 to 22). Behind a gateway that gave up waiting, the call may have
    // run.
    ErrorRule{500, 599, Service::groq, "", "", false, Action::retry, Cause::server_error},
    ErrorRule{524, 524, Service::openrouter, "", "", false, Action::move, Cause::server_error, Billing::possible},
    ErrorRule{529, 529, Service::openrouter, "", "", false, Action::move, Cause::overloaded},
    ErrorRule{504, 504, kAny, "", "", false, Action::retry, Cause::timeout, Billing::possible},
    ErrorRule{520, 524, kAny, "", "", false, Action::retry, Cause::server_error, Billing::possible},
    ErrorRule{529, 529, kAny, "", "", false, Action::retry, Cause::overloaded},
    ErrorRule{500, 599, kAny, "overloaded_error", "", false, Action::retry, Cause::overloaded},
    ErrorRule{503, 503, Service::openrouter, "provider_overloaded", "", false, Action::move, Cause::overloaded},
    ErrorRule{503, 503, kAny, "server_is_overloaded", "", false, Action::retry, Cause::overloaded},
    ErrorRule{500, 599, kAny, "", "", false, Action::retry, Cause::server_error},
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
  if (rule.service && *rule.service != facts.service) return false;
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

std::span<const ErrorRule> error_rules() {
  return kRules;
}

Verdict classify(const ErrorFacts& facts) {
  const auto rule = std::find_if(kRules.begin(), kRules.end(),
                                 [&](const ErrorRule& r) { return matches(r, facts); });
  Verdict verdict{Action::retry, Cause::bad_reply, Billing::possible};
  if (rule != kRules.end()) verdict = {rule->action, rule->cause, rule->billing};
  if (!facts.should_retry) return verdict;
  const bool again = verdict.action == Action::retry || verdict.action == Action::move;
  if (again && !*facts.should_retry) verdict.action = Action::dead;
  const bool final = verdict.action == Action::dead || verdict.action == Action::refused;
  if (final && *facts.should_retry) verdict.action = Action::retry;
  return verdict;
}

}  // namespace sluice::provider
