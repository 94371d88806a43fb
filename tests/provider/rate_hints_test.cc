#include "provider/rate_hints.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "codec/registry.h"

namespace sluice::provider {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const core::WallTime kNow = core::ManualClock().wall_now();  // 2026-01-01T00:00:00Z

RateHints read(std::string_view service, const std::vector<HeaderView>& headers, int status = 200) {
  for (const Provider& provider : codec::providers())
    if (provider.profile->name == service)
      return read_rate_hints(*provider.profile, status, headers, kNow);
  throw std::invalid_argument(std::string(service));
}
const QuotaHint& at(const RateHints& hints, Quota quota) {
  return hints.quota[static_cast<std::size_t>(quota)];
}

TEST(RetryAfter, IsReadInEveryForm) {
  const std::vector<std::pair<HeaderView, core::Duration>> forms = {
      {{"retry-after", "7"}, seconds(7)},
      {{"retry-after", "0.05"}, milliseconds(50)},
      {{"retry-after", "Thu, 01 Jan 2026 00:01:00 GMT"}, seconds(60)},
      {{"retry-after", "Wed, 31 Dec 2025 23:59:00 GMT"}, seconds(0)},
      {{"retry-after", "2m1s"}, seconds(121)},
      {{"retry-after", "0"}, seconds(0)},
      {{"retry-after-ms", "1250"}, milliseconds(1250)},
      {{"x-ms-retry-after-ms", "10.5"}, std::chrono::microseconds(10'500)},
  };
  for (const auto& [header, wait] : forms) {
    EXPECT_EQ(read("compatible", {header}, 429).retry_after, wait) << header.second;
  }
  for (const char* text : {"", "-1", "soon", "7 s", "1e99", "99999999", "inf", "nan"}) {
    EXPECT_EQ(read("compatible", {{"retry-after", text}}, 429).retry_after, std::nullopt) << text;
  }
}

TEST(RetryAfter, PrefersTheFinerHeaderInEitherOrder) {
  EXPECT_EQ(read("openai", {{"retry-after", "2"}, {"retry-after-ms", "1250"}}).retry_after,
            milliseconds(1250));
  EXPECT_EQ(read("openai", {{"retry-after-ms", "1250"}, {"retry-after", "2"}}).retry_after,
            milliseconds(1250));
}

// Curator: for Anthropic, input and output limits are swapped.
TEST(QuotaHints, KeepAnthropicsInputAndOutputApart) {
  const std::vector<HeaderView> headers = {
      {"anthropic-ratelimit-input-tokens-limit", "400000"},
      {"anthropic-ratelimit-input-tokens-remaining", "399000"},
      {"anthropic-ratelimit-output-tokens-limit", "80000"},
      {"anthropic-ratelimit-output-tokens-remaining", "79000"}};
  const RateHints hints = read("anthropic", headers);
  EXPECT_EQ(at(hints, Quota::input_tokens_per_minute).limit, 400000);
  EXPECT_EQ(at(hints, Quota::input_tokens_per_minute).remaining, 399000);
  EXPECT_EQ(at(hints, Quota::output_tokens_per_minute).limit, 80000);
  EXPECT_EQ(at(hints, Quota::output_tokens_per_minute).remaining, 79000);
}

TEST(QuotaHints, LeaveOutWhatStandsForDontKnow) {
  const RateHints hints = read("azure", {{"x-ratelimit-limit-requests", "-1"},
                                         {"x-ratelimit-remaining-requests", "-1"},
                                         {"x-ratelimit-reset-requests", "0"},
                                         {"x-ratelimit-limit-tokens", "0"},
                                         {"x-ratelimit-remaining-tokens", "0"},
                                         {"x-ratelimit-reset-tokens", "0s"}});
  EXPECT_EQ(at(hints, Quota::requests_per_minute).limit, std::nullopt);
  EXPECT_EQ(at(hints, Quota::requests_per_minute).remaining, std::nullopt);
  EXPECT_EQ(at(hints, Quota::requests_per_minute).reset_after, std::nullopt);
  EXPECT_EQ(at(hints, Quota::tokens_per_minute).limit, std::nullopt);
  EXPECT_EQ(at(hints, Quota::tokens_per_minute).remaining, 0.0);  // this one is a statement
  EXPECT_EQ(at(hints, Quota::tokens_per_minute).reset_after, std::nullopt);
}

TEST(QuotaHints, TakeTheTighterOfOrganisationAndProject) {
  const std::vector<HeaderView> headers = {{"x-ratelimit-limit-tokens", "1000"},
                                           {"x-ratelimit-remaining-tokens", "900"},
                                           {"x-ratelimit-limit-project-tokens", "500"},
                                           {"x-ratelimit-remaining-project-tokens", "20"},
                                           {"x-ratelimit-reset-project-tokens", "6m0s"}};
  const QuotaHint tokens = at(read("openai", headers), Quota::tokens_per_minute);
  EXPECT_EQ(tokens.limit, 500.0);
  EXPECT_EQ(tokens.remaining, 20.0);
  EXPECT_EQ(tokens.reset_after, std::chrono::minutes(6));
  EXPECT_EQ(
      at(read(
             "openai",
             {headers[0], headers[1], headers[2], {"x-ratelimit-remaining-project-tokens", "950"}}),
         Quota::tokens_per_minute)
          .limit,
      1000.0);
}

TEST(QuotaHints, DoNotTrustWindowsThatAreNotKnown) {
  const std::vector<HeaderView> headers = {{"x-ratelimit-limit-requests", "480"},
                                           {"x-ratelimit-limit", "50"},
                                           {"x-ratelimit-remaining", "0"},
                                           {"x-ratelimit-reset", "1767312000000"}};
  for (const char* service : {"xai", "openrouter", "deepseek", "cerebras"}) {
    const RateHints hints = read(service, headers, 429);
    for (const QuotaHint& hint : hints.quota) {
      EXPECT_FALSE(hint.limit || hint.remaining || hint.reset_after);
    }
    EXPECT_EQ(hints.retry_after, std::nullopt);
  }
}

TEST(QuotaHints, ReadTogethersResetAsAWaitOnlyWhenLimited) {
  EXPECT_EQ(read("together", {{"x-ratelimit-reset", "0.5"}}, 200).retry_after, std::nullopt);
  EXPECT_EQ(read("together", {{"x-ratelimit-reset", "0.5"}}, 429).retry_after, milliseconds(500));
}

}  // namespace
}  // namespace sluice::provider
