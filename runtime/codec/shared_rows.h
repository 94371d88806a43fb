// Rows of profiles that two dialects or services have in common. For runtime/codec's own .cc files.
#pragma once

#include "provider/profile.h"

namespace sluice::codec::shared_rows {

using namespace provider;
using Kind = ErrorKind;
using Part = RateHeader::Part;
using Role = RateHeader::Role;

// The names that OpenAI gave them. Azure, most compatible servers and the LiteLLM proxy use them too.
// Those of a project are only sent where it has a limit of its own, beside the organisation's.
inline constexpr RateHeader kOpenAiRateHeaders[] = {
    {"x-ratelimit-limit-requests", Quota::requests_per_minute, Part::limit},
    {"x-ratelimit-remaining-requests", Quota::requests_per_minute, Part::remaining},
    {"x-ratelimit-reset-requests", Quota::requests_per_minute, Part::reset},
    {"x-ratelimit-limit-tokens", Quota::tokens_per_minute, Part::limit},
    {"x-ratelimit-remaining-tokens", Quota::tokens_per_minute, Part::remaining},
    {"x-ratelimit-reset-tokens", Quota::tokens_per_minute, Part::reset},
    {"x-ratelimit-limit-project-tokens", Quota::tokens_per_minute, Part::limit, 1, Role::narrower},
    {"x-ratelimit-remaining-project-tokens", Quota::tokens_per_minute, Part::remaining, 1,
     Role::narrower},
    {"x-ratelimit-reset-project-tokens", Quota::tokens_per_minute, Part::reset, 1, Role::narrower},
};

// The names that OpenAI, Cerebras and Bedrock sell their tiers by.
inline constexpr SoldTier kOpenAiTiers[] = {
    {"flex", "flex"}, {"standard", "default"}, {"priority", "priority"}};

// Of its models from text-embedding-3 on, and ada-002.
inline constexpr EmbeddingLimits kOpenAiEmbeddings = {
    .inputs = 2048, .tokens = 300'000, .input_tokens = 8192, .base64 = true};
// Where nothing is documented, our own choice: the requests' part of the time is small by then.
inline constexpr EmbeddingLimits kUsualEmbeddings = {.inputs = 256, .tokens = 64'000};
inline constexpr EmbeddingLimits kUsualEmbeddingsAsBytes = {
    .inputs = 256, .tokens = 64'000, .base64 = true};

inline constexpr std::string_view kGoogleHosts[] = {"googleapis.com"};

// Google's limit of what may be spent in ten minutes: by then all that was spent is past.
inline constexpr std::chrono::minutes kSpendWindow{10};

inline constexpr ErrorRule kGoogleErrors[] = {
    // clang-format off
    {Kind::money, 429, 429, "", "prepayment credits are depleted", false, Action::stop, Cause::payment},
    {Kind::long_quota, 429, 429, "", "perday", false, Action::stop, Cause::daily_quota},
    {Kind::too_large, 400, 400, "", "exceeds the maximum number of tokens", false, Action::split, Cause::too_large},
    {Kind::access, 400, 400, "", "api key not valid", false, Action::stop, Cause::auth},
    {Kind::access, 404, 404, "NOT_FOUND", "", false, Action::stop, Cause::not_found},
    {Kind::rate, 429, 429, "", "spend-based rate limit", false, Action::move, Cause::rate_limit, Billing::none, kSpendWindow},
    // clang-format on
};

inline constexpr std::string_view kAnthropicHosts[] = {"anthropic.com"};

inline constexpr ErrorRule kAnthropicErrors[] = {
    // clang-format off
    {Kind::money, 400, 499, "", "specified api usage limits", false, Action::stop, Cause::spend_limit},
    {Kind::money, 400, 499, "", "workspace api usage limits", false, Action::stop, Cause::spend_limit},
    {Kind::money, 400, 499, "", "credit balance is too low", false, Action::stop, Cause::payment},
    {Kind::rate, 429, 429, "", "acceleration", false, Action::retry, Cause::slow_down},
    // clang-format on
};

// "Tokens" repeats whichever limit is the tightest now, input's or output's: it is a limit of its
// own only where the other two are not sent.
inline constexpr RateHeader kAnthropicRateHeaders[] = {
    {"anthropic-ratelimit-requests-limit", Quota::requests_per_minute, Part::limit},
    {"anthropic-ratelimit-requests-remaining", Quota::requests_per_minute, Part::remaining},
    {"anthropic-ratelimit-requests-reset", Quota::requests_per_minute, Part::reset},
    {"anthropic-ratelimit-input-tokens-limit", Quota::input_tokens_per_minute, Part::limit},
    {"anthropic-ratelimit-input-tokens-remaining", Quota::input_tokens_per_minute, Part::remaining},
    {"anthropic-ratelimit-input-tokens-reset", Quota::input_tokens_per_minute, Part::reset},
    {"anthropic-ratelimit-output-tokens-limit", Quota::output_tokens_per_minute, Part::limit},
    {"anthropic-ratelimit-output-tokens-remaining", Quota::output_tokens_per_minute,
     Part::remaining},
    {"anthropic-ratelimit-output-tokens-reset", Quota::output_tokens_per_minute, Part::reset},
    {"anthropic-ratelimit-tokens-limit", Quota::tokens_per_minute, Part::limit, 1, Role::fallback},
    {"anthropic-ratelimit-tokens-remaining", Quota::tokens_per_minute, Part::remaining, 1,
     Role::fallback},
    {"anthropic-ratelimit-tokens-reset", Quota::tokens_per_minute, Part::reset, 1, Role::fallback},
};

}  // namespace sluice::codec::shared_rows
