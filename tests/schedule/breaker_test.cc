#include "schedule/breaker.h"

#include <gtest/gtest.h>

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;

// A breaker with its clock; every outcome is that of a request which was sent just before.
class Circuit : public testing::Test {
 protected:
  void pass(int times = 1) {
    for (; times > 0; --times) breaker.passed(now, now, breaker.sent(now));
  }
  void fail(int times = 1, bool alternate = true) {
    for (; times > 0; --times) breaker.failed(now, now, breaker.sent(now), alternate, jitter);
  }
  void open() {
    fail(Breaker::kRow);
    ASSERT_EQ(state(), BreakerState::open);
  }
  BreakerState state() const { return breaker.state(now); }

  core::Time now{1h};
  Jitter jitter{1};
  Breaker breaker;
};

TEST_F(Circuit, OpensAboveFivePercentOfAtLeastTwenty) {
  pass(18);
  fail();
  EXPECT_EQ(state(), BreakerState::closed) << "1 of 19: too few to tell";
  pass();
  EXPECT_EQ(state(), BreakerState::closed) << "1 of 20 is not above 5 %";
  fail();
  EXPECT_EQ(state(), BreakerState::open) << "2 of 21";
  EXPECT_EQ(breaker.times_opened(), 1U);
}

TEST_F(Circuit, OpensAtFiveFailuresInARow) {
  pass(3);
  fail(Breaker::kRow - 1);
  EXPECT_EQ(state(), BreakerState::closed);
  pass();
  fail(Breaker::kRow - 1);
  EXPECT_EQ(state(), BreakerState::closed) << "an answer came in between";
  fail();
  EXPECT_EQ(state(), BreakerState::open);
}

TEST_F(Circuit, WithNoElsewhereHalfOfTheAnswersAreBetterThanNone) {
  for (int i = 0; i < 30; ++i) {
    pass();
    fail(1, false);
  }
  EXPECT_EQ(state(), BreakerState::closed) << "50 %";
  fail(1, false);
  EXPECT_EQ(state(), BreakerState::open);
}

TEST_F(Circuit, ForgetsWhatIsTenSecondsOldWhenTheTenSecondsHoldEnough) {
  pass(100);
  fail(4);
  now += 11s;
  pass(50);
  fail(2);
  EXPECT_EQ(state(), BreakerState::closed) << "2 of 52, though 6 of 156 would be less still";
  fail();
  EXPECT_EQ(state(), BreakerState::open) << "3 of 53 is above 5 %";
}

TEST_F(Circuit, LooksBackAMinuteWhereTenSecondsHoldTooFew) {
  for (int i = 0; i < 4; ++i) {
    pass(6);
    now += 12s;
  }
  fail();
  EXPECT_EQ(state(), BreakerState::closed) << "1 of 25";
  fail();
  EXPECT_EQ(state(), BreakerState::open) << "2 of 26";
}

TEST_F(Circuit, LetsNothingThroughUntilItsTimeThenThreeProbes) {
  open();
  const core::Time until = breaker.earliest(now);
  EXPECT_GE(until, now + 500ms);
  EXPECT_LE(until, now + 1s);
  now = until;
  EXPECT_EQ(state(), BreakerState::half_open);
  for (int i = 0; i < Breaker::kProbes; ++i) {
    EXPECT_EQ(breaker.earliest(now), now);
    EXPECT_TRUE(breaker.sent(now));
  }
  EXPECT_EQ(breaker.earliest(now), core::Time::max()) << "only an answer can help";
}

TEST_F(Circuit, ClosesWhenTheProbesAreAnswered) {
  open();
  now = breaker.earliest(now);
  pass(Breaker::kProbes - 1);
  EXPECT_EQ(state(), BreakerState::half_open);
  pass();
  EXPECT_EQ(state(), BreakerState::closed);
  fail();
  EXPECT_EQ(state(), BreakerState::closed) << "what was before the outage is forgotten";
}

TEST_F(Circuit, AProbeThatFailsDoublesTheWaitUpToHalfAMinute) {
  open();
  core::Duration longest = 1s;
  for (int i = 0; i < 8; ++i) {
    now = breaker.earliest(now);
    fail();
    ASSERT_EQ(state(), BreakerState::open);
    longest = std::min<core::Duration>(2 * longest, 30s);
    EXPECT_GE(breaker.earliest(now) - now, longest / 2) << i;
    EXPECT_LE(breaker.earliest(now) - now, longest) << i;
  }
}

TEST_F(Circuit, StartsAgainAtOneSecondAfterAQuietMinute) {
  open();
  now = breaker.earliest(now);
  fail();
  now = breaker.earliest(now);
  pass(Breaker::kProbes);
  now += 61s;
  open();
  EXPECT_LE(breaker.earliest(now), now + 1s);
}

TEST_F(Circuit, WhatWasSentBeforeItOpenedSaysNothingAboutAProbe) {
  const core::Time early = now;
  now += 1s;
  open();
  now = breaker.earliest(now);
  breaker.failed(now, early, false, true, jitter);
  EXPECT_EQ(state(), BreakerState::half_open);
  breaker.passed(now, early, false);
  pass(Breaker::kProbes - 1);
  EXPECT_EQ(state(), BreakerState::half_open) << "a late answer is no probe's";
  pass();
  EXPECT_EQ(state(), BreakerState::closed);
}

TEST_F(Circuit, ARefusalEndsAProbeWithoutAVerdict) {
  open();
  now = breaker.earliest(now);
  for (int i = 0; i < 10; ++i) breaker.no_verdict(breaker.sent(now));
  EXPECT_EQ(state(), BreakerState::half_open);
  EXPECT_EQ(breaker.earliest(now), now);
}

}  // namespace
}  // namespace sluice::schedule
