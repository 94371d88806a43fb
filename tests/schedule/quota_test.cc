#include "schedule/quota.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Limits;
using provider::Outcome;
using provider::Quota;

constexpr core::Time kQuotaStart{1h};

Limits with(Quota quota, double limit) {
  Limits limits;
  limits[quota] = limit;
  return limits;
}

// How long after one request of `tokens` at kQuotaStart, settled by `outcome`, the next may go.
core::Duration next_after(QuotaSet& quotas, const Tokens& tokens, const Outcome& outcome) {
  const Reservation held = quotas.reserve(kQuotaStart, tokens);
  quotas.settle(kQuotaStart, held, outcome);
  return quotas.earliest(kQuotaStart, tokens) - kQuotaStart;
}

Outcome answer(std::uint64_t input, std::uint64_t output, std::uint64_t cached = 0) {
  Outcome outcome;
  outcome.status = 200;
  outcome.billing = provider::Billing::known;
  outcome.usage = {.input = input, .cached_input = cached, .output = output};
  return outcome;
}

Outcome refused(int status, provider::Billing billing) {
  Outcome outcome;
  outcome.action = provider::Action::retry;
  outcome.cause = provider::Cause::server_error;
  outcome.status = status;
  outcome.billing = billing;
  return outcome;
}

TEST(Quota, EveryDimensionHoldsBackWhatItCounts) {
  const Tokens tokens{.input = 300, .output = 100};
  const struct {
    Quota quota;
    double limit;
    core::Duration next;
  } cases[] = {
      {Quota::requests_per_minute, 60, 950ms},  // the burst holds what 50 ms bring beside the one
      {Quota::tokens_per_minute, 24'000, 1s},
      {Quota::input_tokens_per_minute, 18'000, 1s},
      {Quota::output_tokens_per_minute, 6'000, 1s},
      {Quota::requests_per_day, 1, 24h},
      {Quota::tokens_per_day, 400, 24h},
  };
  for (const auto& c : cases) {
    QuotaSet quotas(with(c.quota, c.limit));
    EXPECT_EQ(quotas.earliest(kQuotaStart, tokens), kQuotaStart) << quota_name(c.quota);
    quotas.reserve(kQuotaStart, tokens);
    EXPECT_EQ(quotas.earliest(kQuotaStart, tokens), kQuotaStart + c.next) << quota_name(c.quota);
  }
}

TEST(Quota, ADayMayBeSpentAtOnceAMinuteMayNot) {
  QuotaSet day(with(Quota::requests_per_day, 1000));
  QuotaSet minute(with(Quota::requests_per_minute, 1200));
  EXPECT_DOUBLE_EQ(day.room(kQuotaStart, {}), 1000);
  EXPECT_DOUBLE_EQ(minute.room(kQuotaStart, {}), 2);
}

TEST(Quota, TheTightestDimensionDecides) {
  Limits limits = with(Quota::requests_per_minute, 600);
  limits[Quota::tokens_per_minute] = 6000;
  QuotaSet quotas(limits);
  const Tokens tokens{.input = 150, .output = 50};
  quotas.reserve(kQuotaStart, tokens);
  EXPECT_EQ(quotas.earliest(kQuotaStart, tokens), kQuotaStart + 2s);
}

TEST(Quota, NoKnownLimitHoldsNothingBack) {
  QuotaSet quotas(Limits{});
  quotas.reserve(kQuotaStart, {.input = 1e9, .output = 1e9});
  EXPECT_EQ(quotas.earliest(kQuotaStart, {.input = 1e9, .output = 1e9}), kQuotaStart);
  EXPECT_EQ(quotas.room(kQuotaStart, {}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(quotas.used(kQuotaStart), std::nullopt);
}

TEST(Quota, TooLargeIsWhatPassesAWholeWindow) {
  const QuotaSet quotas(with(Quota::tokens_per_minute, 1000));
  EXPECT_FALSE(quotas.too_large({.input = 900, .output = 100}));
  const auto excess = quotas.too_large({.input = 900, .output = 101});
  ASSERT_TRUE(excess);
  EXPECT_EQ(excess->quota, Quota::tokens_per_minute);
  EXPECT_DOUBLE_EQ(excess->limit, 1000);
  EXPECT_DOUBLE_EQ(excess->tokens, 1001);
}

TEST(Quota, LessThanOneRequestAMinuteIsSlowNotTooLarge) {
  QuotaSet quotas(with(Quota::requests_per_minute, 0.5));
  EXPECT_FALSE(quotas.too_large({.input = 1, .output = 1}));
  quotas.reserve(kQuotaStart, {});
  EXPECT_EQ(quotas.earliest(kQuotaStart, {}), kQuotaStart + 2min - 50ms);
}

TEST(Quota, TokensAreSettledByUsage) {
  QuotaSet quotas(with(Quota::tokens_per_minute, 6000));  // 100 a second
  EXPECT_EQ(next_after(quotas, {.input = 100, .output = 100}, answer(30, 20)), 500ms);
}

TEST(Quota, CachedInputIsFreeOfTheInputQuotaOnly) {
  QuotaSet input(with(Quota::input_tokens_per_minute, 6000));
  EXPECT_EQ(next_after(input, {.input = 100, .output = 0}, answer(100, 1, 90)), 100ms);
  QuotaSet total(with(Quota::tokens_per_minute, 6000));
  EXPECT_EQ(next_after(total, {.input = 100, .output = 0}, answer(99, 1, 90)), 1s);
}

TEST(Quota, ARefusedRequestCountsAsRequestButNotItsTokens) {
  QuotaSet requests(with(Quota::requests_per_minute, 60));
  EXPECT_EQ(next_after(requests, {}, refused(429, provider::Billing::none)), 950ms);
  QuotaSet tokens(with(Quota::tokens_per_minute, 6000));
  EXPECT_EQ(next_after(tokens, {.input = 100}, refused(429, provider::Billing::none)), 0s);
}

TEST(Quota, ARequestThatNeverArrivedCountsAsNothing) {
  QuotaSet requests(with(Quota::requests_per_minute, 60));
  EXPECT_EQ(next_after(requests, {}, refused(0, provider::Billing::none)), 0s);
}

TEST(Quota, ARequestThatMayHaveRunCountsAsEstimated) {
  Limits limits = with(Quota::tokens_per_minute, 6000);
  limits[Quota::requests_per_minute] = 60;
  QuotaSet quotas(limits);
  EXPECT_EQ(next_after(quotas, {.input = 100}, refused(0, provider::Billing::possible)), 1s);
}

TEST(Quota, TheServerSuppliesALimitThatWeLackAndKeepsItCurrent) {
  QuotaSet quotas(Limits{});
  const Reservation held = quotas.reserve(kQuotaStart, {});
  provider::RateHints hints;
  auto& hint = hints.quota[static_cast<std::size_t>(Quota::requests_per_minute)];
  hint = {.limit = 60, .remaining = 0, .reset_after = {}};
  quotas.correct(kQuotaStart, held, hints);
  EXPECT_EQ(quotas.earliest(kQuotaStart, {}), kQuotaStart + 1s);

  hint = {.limit = 600, .remaining = {}, .reset_after = {}};
  quotas.correct(kQuotaStart, held, hints);
  EXPECT_EQ(quotas.earliest(kQuotaStart, {}), kQuotaStart + 100ms);
}

TEST(Quota, TheServerMayLowerALimitFromThePipelineFileButNotRaiseIt) {
  QuotaSet quotas(with(Quota::requests_per_minute, 60));
  const Reservation held = quotas.reserve(kQuotaStart, {});
  provider::RateHints hints;
  auto& hint = hints.quota[static_cast<std::size_t>(Quota::requests_per_minute)];
  hint.limit = 6000;
  quotas.correct(kQuotaStart, held, hints);
  EXPECT_EQ(quotas.earliest(kQuotaStart, {}), kQuotaStart + 950ms);
  hint.limit = 6;
  quotas.correct(kQuotaStart, held, hints);
  EXPECT_EQ(quotas.earliest(kQuotaStart, {}), kQuotaStart + 9500ms);
  hint.limit = 6000;
  quotas.correct(kQuotaStart, held, hints);
  EXPECT_EQ(quotas.earliest(kQuotaStart, {}), kQuotaStart + 950ms) << "up to the file's again";
}

TEST(Quota, ALimitThatNoRequestCouldKeepToIsNone) {
  constexpr std::size_t kTokens = static_cast<std::size_t>(Quota::tokens_per_minute);
  for (const double limit : {1.0, 63.0, 1e16, std::numeric_limits<double>::infinity()}) {
    QuotaSet quotas(Limits{});
    provider::RateHints hints;
    hints.quota[kTokens] = {.limit = limit, .remaining = 0, .reset_after = {}};
    EXPECT_EQ(quotas.correct(kQuotaStart, quotas.reserve(kQuotaStart, {}), hints), 1) << limit;
    EXPECT_EQ(quotas.earliest(kQuotaStart, {.input = 1e6}), kQuotaStart) << limit;
  }
}

TEST(Quota, ALimitBelowWhatARequestTookThatPassedIsNone) {
  constexpr std::size_t kTokens = static_cast<std::size_t>(Quota::tokens_per_minute);
  QuotaSet quotas(Limits{});
  provider::RateHints hints;
  hints.quota[kTokens].limit = 500;
  const Reservation held = quotas.reserve(kQuotaStart, {});
  EXPECT_EQ(quotas.correct(kQuotaStart, held, hints, provider::Usage{.input = 500, .output = 1}),
            1);
  EXPECT_FALSE(quotas.any());
  EXPECT_EQ(quotas.correct(kQuotaStart, held, hints, provider::Usage{.input = 10, .output = 1}), 1)
      << "the large one is remembered";
  hints.quota[kTokens].limit = 6000;
  EXPECT_EQ(quotas.correct(kQuotaStart, held, hints, provider::Usage{.input = 10, .output = 1}), 0);
  EXPECT_TRUE(quotas.any());
}

TEST(Quota, AnAttemptSentBeforeABucketWasKnownIsNotSettledAgainstIt) {
  QuotaSet quotas(Limits{});
  const Reservation before = quotas.reserve(kQuotaStart, {.input = 100});
  provider::RateHints hints;
  hints.quota[static_cast<std::size_t>(Quota::tokens_per_minute)].limit = 6000;
  quotas.correct(kQuotaStart, quotas.reserve(kQuotaStart, {}), hints);
  quotas.settle(kQuotaStart, before, answer(5000, 0));
  EXPECT_DOUBLE_EQ(quotas.room(kQuotaStart, {.input = 100}), 1);
}

TEST(Quota, OfADayGoesOnWhereAnEarlierRunLeftIt) {
  Limits limits = with(Quota::requests_per_day, 50);
  limits[Quota::tokens_per_day] = 10'000;
  QuotaSet quotas(limits, {.requests = 50, .tokens = 4000, .at = kQuotaStart});
  EXPECT_EQ(quotas.room(kQuotaStart, {.input = 1}), 0);
  EXPECT_EQ(quotas.earliest(kQuotaStart, {.input = 1}), kQuotaStart + 1728s);
  EXPECT_LE(quotas.earliest(kQuotaStart + 700s, {.input = 1}), kQuotaStart + 1728s + 1us)
      << "also when it is asked later";
  const auto used = quotas.day_used(kQuotaStart + 1728s);
  ASSERT_TRUE(used);
  EXPECT_NEAR(used->requests, 49, 1e-9);
  EXPECT_NEAR(used->tokens, 3800, 1e-9);
  EXPECT_FALSE(QuotaSet(with(Quota::requests_per_minute, 50)).day_used(kQuotaStart));
}

TEST(Quota, WhatIsUsedOfADayComesBackEvenly) {
  EXPECT_DOUBLE_EQ(still_used(50, 100, 0h), 50);
  EXPECT_DOUBLE_EQ(still_used(50, 100, 6h), 25);
  EXPECT_DOUBLE_EQ(still_used(50, 100, 20h), 0);
  EXPECT_DOUBLE_EQ(still_used(50, 100, -1h), 50) << "a clock that was set back gives nothing";
}

TEST(Quota, ShowsTheMostUsedQuota) {
  Limits limits = with(Quota::requests_per_day, 100);
  limits[Quota::tokens_per_minute] = 600'000;
  QuotaSet quotas(limits);
  for (int i = 0; i < 80; ++i) quotas.reserve(kQuotaStart, {.input = 10});
  EXPECT_NEAR(quotas.used(kQuotaStart)->share, 0.8, 1e-9);
}

}  // namespace
}  // namespace sluice::schedule
