#include "schedule/retry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;

constexpr core::Time kStart{1h};
constexpr RetryPolicy kPolicy{.attempts = 8, .base = 500ms, .cap = 30s};

TEST(BackOff, IsFullJitterUnderAnExponentialCeilingWithACap) {
  const struct {
    int failures;
    core::Duration ceiling;
  } cases[] = {{1, 500ms}, {2, 1s}, {3, 2s}, {6, 16s}, {7, 30s}, {60, 30s}};
  for (const auto& c : cases) {
    Jitter jitter(1);
    core::Duration least = 1h, most = 0s, sum = 0s;
    for (int i = 0; i < 2000; ++i) {
      const core::Duration wait = back_off(kPolicy, c.failures, std::nullopt, jitter);
      least = std::min(least, wait);
      most = std::max(most, wait);
      sum += wait;
    }
    EXPECT_GE(least, 0s);
    EXPECT_LT(least, c.ceiling / 50);
    EXPECT_LE(most, c.ceiling);
    EXPECT_GT(most, c.ceiling * 49 / 50);
    EXPECT_NEAR(static_cast<double>((sum / 2000).count()),
                static_cast<double>(c.ceiling.count()) / 2,
                static_cast<double>(c.ceiling.count()) * 0.02);
  }
}

// Portkey #1404: back-off without jitter.
TEST(BackOff, HasJitterEvenWhenTheServerNamesTheMoment) {
  Jitter jitter(1);
  std::set<core::Duration> waits;
  for (int i = 0; i < 100; ++i) {
    const core::Duration wait = back_off(kPolicy, 1, 20s, jitter);
    EXPECT_GE(wait, 20s);
    EXPECT_LE(wait, 22s);
    waits.insert(wait);
  }
  EXPECT_GT(waits.size(), 90U);
}

TEST(BackOff, ANonsenseHintIsBounded) {
  Jitter jitter(1);
  EXPECT_GE(back_off(kPolicy, 1, -5s, jitter), 0s);
  EXPECT_LE(back_off(kPolicy, 1, core::Duration::max(), jitter), kLongestHint + 10s);
}

TEST(Jitter, IsTheSameForTheSameSeed) {
  Jitter a(3), b(3), c(4);
  const double first = a.fraction();
  EXPECT_EQ(first, b.fraction());
  EXPECT_NE(first, c.fraction());
}

TEST(CoolDown, LastsAsLongAsTheServerSaysAndALittleMore) {
  Jitter jitter(1);
  CoolDown cooling;
  cooling.begin(kStart, kStart - 1s, 20s, kPolicy, jitter);
  EXPECT_TRUE(cooling.active(kStart + 20s - 1ns));
  EXPECT_FALSE(cooling.active(kStart + 22s));
}

// LiteLLM #40130: a second cool-down keeps the first, shorter time.
TEST(CoolDown, ASecondHintExtendsButNeverShortens) {
  Jitter jitter(1);
  CoolDown cooling;
  cooling.begin(kStart, kStart - 1s, 10s, kPolicy, jitter);
  const core::Time first = cooling.until();
  cooling.begin(kStart + 1s, kStart - 1s, 60s, kPolicy, jitter);
  const core::Time second = cooling.until();
  EXPECT_GT(second, first);
  EXPECT_GE(second, kStart + 61s);
  cooling.begin(kStart + 2s, kStart - 1s, 1s, kPolicy, jitter);
  EXPECT_EQ(cooling.until(), second);
}

TEST(CoolDown, WithoutAHintGrowsByRejectionBurstNotByRequest) {
  Jitter jitter(1);
  CoolDown cooling;
  core::Time now = kStart;
  for (const core::Duration ceiling : {500ms, 1000ms, 2000ms, 4000ms}) {
    const core::Time sent = now;
    now += 10ms;
    for (int i = 0; i < 50; ++i) cooling.begin(now, sent, std::nullopt, kPolicy, jitter);
    EXPECT_GE(cooling.until() - now, ceiling / 2);
    EXPECT_LE(cooling.until() - now, ceiling);
    now = cooling.until();
  }
}

TEST(CoolDown, AnAnswerStartsItOver) {
  Jitter jitter(1);
  CoolDown cooling;
  core::Time now = kStart;
  for (int i = 0; i < 6; ++i) {
    const core::Time sent = now;
    now += 10ms;
    cooling.begin(now, sent, std::nullopt, kPolicy, jitter);
    now = cooling.until();
  }
  cooling.answered(now);
  const core::Time sent = now;
  now += 10ms;
  cooling.begin(now, sent, std::nullopt, kPolicy, jitter);
  EXPECT_LE(cooling.until() - now, 500ms);
}

TEST(CoolDown, AnAnswerFromTheSameRejectionBurstDoesNotStartItOver) {
  Jitter jitter(1);
  CoolDown cooling;
  core::Time now = kStart;
  for (int i = 0; i < 4; ++i) {
    const core::Time sent = now;
    now += 10ms;
    cooling.begin(now, sent, std::nullopt, kPolicy, jitter);
    cooling.answered(sent);
    now = cooling.until();
  }
  const core::Time sent = now;
  now += 10ms;
  cooling.begin(now, sent, std::nullopt, kPolicy, jitter);
  EXPECT_GE(cooling.until() - now, 4s);
}

}  // namespace
}  // namespace sluice::schedule
