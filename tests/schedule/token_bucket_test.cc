#include "schedule/token_bucket.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;

constexpr core::Time kBucketStart{1000h};

TokenBucket per_minute(double limit, double burst) {
  return {limit, 1min, burst};
}

TEST(TokenBucket, StartsFullAndRefillsContinuously) {
  TokenBucket bucket = per_minute(60, 10);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 10);
  bucket.reserve(kBucketStart, 10);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 0);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart + 500ms), 0.5);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart + 3s), 3);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart + 1h), 10);
}

TEST(TokenBucket, TellsTheMomentAtWhichUnitsFit) {
  TokenBucket bucket = per_minute(60, 10);
  bucket.reserve(kBucketStart, 10);
  EXPECT_FALSE(bucket.fits(kBucketStart, 3));
  EXPECT_EQ(bucket.earliest(kBucketStart, 3), kBucketStart + 3s);
  EXPECT_FALSE(bucket.fits(kBucketStart + 2999ms, 3));
  EXPECT_TRUE(bucket.fits(kBucketStart + 3s, 3));
  EXPECT_EQ(bucket.earliest(kBucketStart + 4s, 3), kBucketStart + 4s);
}

TEST(TokenBucket, FitsAtTheMomentItPromisedWhateverTheFigures) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    const double limit = std::exp(std::uniform_real_distribution(-2.0, 25.0)(random));
    const double burst = std::max(1.0, limit / 60);
    TokenBucket bucket(limit, round % 2 == 0 ? core::Duration(1min) : core::Duration(24h), burst);
    bucket.reserve(kBucketStart, burst * std::uniform_real_distribution(0.0, 3.0)(random));
    const double units = burst * std::uniform_real_distribution(0.0, 2.0)(random);
    const core::Time when = bucket.earliest(kBucketStart, units);
    ASSERT_TRUE(bucket.fits(when, units)) << limit << " " << units;
    ASSERT_EQ(bucket.earliest(when, units), when) << limit << " " << units;
  }
}

TEST(TokenBucket, ARequestLargerThanTheBurstGoesWhenFullAndLeavesDebt) {
  TokenBucket bucket = per_minute(60, 5);
  EXPECT_TRUE(bucket.fits(kBucketStart, 30));
  bucket.reserve(kBucketStart, 30);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), -25);
  EXPECT_EQ(bucket.earliest(kBucketStart, 1), kBucketStart + 26s);
  EXPECT_EQ(bucket.earliest(kBucketStart, 30), kBucketStart + 30s);
}

TEST(TokenBucket, SettlingRefundsWhatWasNotUsedAndChargesWhatWas) {
  TokenBucket bucket = per_minute(60, 10);
  bucket.reserve(kBucketStart, 8);
  bucket.settle(kBucketStart, 8, 3);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 7);
  bucket.reserve(kBucketStart, 7);
  bucket.settle(kBucketStart, 7, 12);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), -5);
  bucket.settle(kBucketStart, 100, 0);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 10) << "a refund does not pass the burst";
}

TEST(TokenBucket, AServerFigureBelowOursLowersOurs) {
  TokenBucket bucket = per_minute(60, 10);
  const double mark = bucket.reserve(kBucketStart, 2);
  bucket.observe(kBucketStart + 1s, mark, 3);
  // Then we had 8 and the server 3; a second has refilled one since.
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart + 1s), 4);
}

TEST(TokenBucket, AServerFigureAboveOursChangesNothing) {
  TokenBucket bucket = per_minute(60, 10);
  const double mark = bucket.reserve(kBucketStart, 9);
  bucket.observe(kBucketStart, mark, 50);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 1);
}

TEST(TokenBucket, ManyAnswersThatTellOfOneDifferenceTakeItOffOnce) {
  TokenBucket bucket = per_minute(600, 10);
  std::vector<double> marks;
  for (int i = 0; i < 5; ++i)
    marks.push_back(bucket.reserve(kBucketStart, 1));  // we had 9, 8, 7, 6, 5
  for (int i = 0; i < 5; ++i) bucket.observe(kBucketStart + i * 100ms, marks[i], 4 - i);
  EXPECT_NEAR(bucket.level(kBucketStart + 400ms), 4, 1e-9) << "0 at the start and 4 refilled since";
}

TEST(TokenBucket, AStaleFigureCostsWhatWeHadThenHoweverOftenItIsTold) {
  TokenBucket bucket = per_minute(60, 10);
  const double mark = bucket.reserve(kBucketStart, 1);
  bucket.reserve(kBucketStart, 4);
  for (int i = 0; i <= 5000; ++i) {
    bucket.observe(kBucketStart + i * 1ms, mark, 0);
    ASSERT_GE(bucket.level(kBucketStart + i * 1ms), 0) << "a correction makes no debt";
  }
  EXPECT_NEAR(bucket.level(kBucketStart + 5s), 5 + 5 - 9, 1e-9);
}

TEST(TokenBucket, WhatWasSentSinceIsNotHeldAgainstUsTwice) {
  TokenBucket bucket = per_minute(60, 10);
  const double mark = bucket.reserve(kBucketStart, 1);
  bucket.reserve(kBucketStart, 4);
  bucket.observe(kBucketStart, mark, 4);  // 9 then, 5 now: 1 lower
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 4);
  bucket.observe(kBucketStart, mark, 4);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 4);
}

TEST(TokenBucket, WhatOverflowedSinceIsNotTakenOffAsWell) {
  TokenBucket bucket = per_minute(60, 10);
  const double mark = bucket.reserve(kBucketStart, 1);
  // An hour later ours has long been full; the server, 5 below ours then, has refilled too.
  bucket.observe(kBucketStart + 1h, mark, 4);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart + 1h), 10);
}

TEST(TokenBucket, ALowerLimitCutsWhatIsSaved) {
  TokenBucket bucket = per_minute(600, 10);
  bucket.set_limit(kBucketStart, 60, 1);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 1);
  bucket.reserve(kBucketStart, 1);
  EXPECT_EQ(bucket.earliest(kBucketStart, 1), kBucketStart + 1s);
}

TEST(TokenBucket, DoesNotDriftOverTenDays) {
  constexpr double kLimit = 97.3;
  TokenBucket bucket = per_minute(kLimit, kLimit / 60);
  core::Time now = kBucketStart;
  const core::Time end = kBucketStart + 240h;
  std::uint64_t sent = 0;
  for (; now < end; ++sent) {
    bucket.reserve(now, 3);
    bucket.settle(now, 3, 1);
    now = bucket.earliest(now, 1);
  }
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - kBucketStart).count();
  EXPECT_NEAR(static_cast<double>(sent), minutes * kLimit + kLimit / 60, 1.5);
}

TEST(TokenBucket, ShowsTheShareOfTheRateInUse) {
  TokenBucket bucket = per_minute(600, 10);
  EXPECT_EQ(bucket.rate_used(kBucketStart), 0);
  for (int i = 0; i < 300; ++i)
    bucket.reserve(kBucketStart + i * 200ms, 1);  // half the rate, a minute
  EXPECT_NEAR(bucket.rate_used(kBucketStart + 60s), 0.5, 0.02);
  EXPECT_EQ(bucket.rate_used(kBucketStart + 80s), 0);
}

TEST(TokenBucket, StandsStillWhenTimeRunsBackwards) {
  TokenBucket bucket = per_minute(60, 10);
  bucket.reserve(kBucketStart, 5);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart - 1s), 5);
  bucket.reserve(kBucketStart - 1s, 1);
  EXPECT_DOUBLE_EQ(bucket.level(kBucketStart), 4);
}

}  // namespace
}  // namespace sluice::schedule
