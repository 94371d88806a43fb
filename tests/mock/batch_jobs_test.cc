#include "mock/batch_jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;

BatchPlan plan(core::Duration window = 24h) {
  return {.validating = 10s, .running = 80s, .finalizing = 10s, .cancelling = 5s, .window = window};
}

TEST(BatchLife, GoesThroughItsStatesInOrder) {
  const BatchLife life(plan(), 1000s);
  EXPECT_EQ(life.at(1000s).state, BatchState::validating);
  EXPECT_EQ(life.at(1010s).state, BatchState::running);
  EXPECT_EQ(life.at(1050s).done, 0.5);
  EXPECT_EQ(life.at(1090s).state, BatchState::finalizing);
  EXPECT_EQ(life.at(1090s).done, 1);
  EXPECT_EQ(life.at(1100s).state, BatchState::completed);
  EXPECT_EQ(life.ended(), core::Duration(1100s));
}

TEST(BatchLife, ExpiresAtItsWindowsEndWithWhatIsDone) {
  const BatchLife life(plan(50s), 0s);
  EXPECT_EQ(life.at(49s).state, BatchState::running);
  EXPECT_EQ(life.at(50s).state, BatchState::expired);
  EXPECT_EQ(life.at(90s).done, 0.5);
  EXPECT_FALSE(life.finalizing().has_value());
}

TEST(BatchLife, IsCancelledALittleLaterAndKeepsWhatIsDone) {
  BatchLife life(plan(), 0s);
  life.cancel(50s);
  life.cancel(60s);  // again: nothing
  EXPECT_EQ(life.at(49s).state, BatchState::running);
  EXPECT_EQ(life.at(54s).state, BatchState::cancelling);
  EXPECT_EQ(life.at(55s).state, BatchState::cancelled);
  EXPECT_NEAR(life.at(99s).done, 45.0 / 80, 1e-9);
}

TEST(BatchLife, ACancelThatComesTooLateOrInVainLetsItComplete) {
  BatchLife late(plan(), 0s);
  late.cancel(97s);
  EXPECT_EQ(late.at(100s).state, BatchState::completed);
  BatchPlan deaf = plan();
  deaf.late_cancel = true;
  BatchLife in_vain(deaf, 0s);
  in_vain.cancel(20s);
  EXPECT_EQ(in_vain.at(99s).state, BatchState::cancelling);
  EXPECT_EQ(in_vain.at(100s).state, BatchState::completed);
  EXPECT_EQ(in_vain.at(100s).done, 1);
}

TEST(BatchLife, AStuckOneRunsForEverButCanBeCancelled) {
  BatchPlan stuck = plan(0s);
  stuck.reach = 0.97;
  BatchLife life(stuck, 0s);
  EXPECT_EQ(life.at(10000h).state, BatchState::running);
  EXPECT_EQ(life.at(10000h).done, 0.97);
  life.cancel(10000h);
  EXPECT_EQ(life.at(10001h).state, BatchState::cancelled);
}

TEST(BatchLife, NeverGoesBack) {
  BatchLife life(plan(60s), 0s);
  double done = 0;
  for (core::Duration now = 0s; now < 70s; now += 500ms) {
    const BatchLife::Moment moment = life.at(now);
    EXPECT_GE(moment.done, done);
    done = moment.done;
  }
}

// The share of batches of `lines` requests that take no longer than `within`.
double share_within(std::uint64_t lines, core::Duration within, BatchRegime regime) {
  BatchOptions options;
  options.regime = regime;
  int done = 0;
  constexpr int kDrawn = 4000;
  for (std::uint64_t i = 0; i < kDrawn; ++i) {
    const BatchPlan drawn = draw_plan(options, 1, i, "m", lines, 24h, 0s);
    done += drawn.validating + drawn.running + drawn.finalizing <= within ? 1 : 0;
  }
  return done / static_cast<double>(kDrawn);
}

TEST(BatchTurnaround, IsWhatWasSeenOfProviders) {
  EXPECT_NEAR(share_within(1000, 4min, BatchRegime::normal), 0.5, 0.05);
  EXPECT_GT(share_within(5000, 1h, BatchRegime::normal), 0.9);
  EXPECT_LT(share_within(5000, 4h, BatchRegime::normal), 0.999);
  EXPECT_LT(share_within(5000, 1h, BatchRegime::slow), 0.3);
  EXPECT_GT(share_within(100'000, 3h, BatchRegime::normal), 0.7);
}

TEST(BatchTurnaround, IsSlowForHoursAtATimeByModel) {
  BatchOptions options;
  options.regime = BatchRegime::mixed;
  const auto mean = [&](const char* model, core::Duration at) {
    double sum = 0;
    for (std::uint64_t i = 0; i < 200; ++i) {
      const BatchPlan drawn = draw_plan(options, 7, i, model, 1000, 24h, at);
      sum += std::min(core::in_seconds(drawn.running), 3600.0 * 4);
    }
    return sum / 200;
  };
  std::vector<double> means;
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    means.push_back(mean("a", i * 6h));
    EXPECT_EQ(means.back(), mean("a", i * 6h + 5h));
    same += means.back() == mean("b", i * 6h) ? 1 : 0;
  }
  const auto slow = std::count_if(means.begin(), means.end(), [](double m) { return m > 1500; });
  EXPECT_GT(slow, 5);
  EXPECT_LT(slow, 30);
  EXPECT_LT(same, 95);
}

TEST(BatchClock, PassesFasterAndIsMovedOn) {
  BatchClock clock(3600, core::Time(100s));
  EXPECT_EQ(clock.at(core::Time(102s)), core::Duration(2h));
  clock.skip(24h);
  EXPECT_EQ(clock.at(core::Time(102s)), core::Duration(26h));
  EXPECT_EQ(clock.real(1h), core::Duration(1s));
}

}  // namespace
}  // namespace sluice::mock
