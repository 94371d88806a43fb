// How long batches take, and what of them is done by when.
#include "simulate/batch_model.h"

#include <gtest/gtest.h>

#include "simulate/batches.h"

namespace sluice::simulate {
namespace {

using namespace std::chrono_literals;

double share_within(core::Duration within, std::uint64_t lines, bool slow) {
  Random random(1);
  constexpr int kBatches = 20'000;
  int done = 0;
  for (int i = 0; i < kBatches; ++i) {
    TurnaroundDraws draws;
    draws.radius = random.next();
    draws.angle = random.next();
    draws.tail = random.next();
    if (turnaround(draws, lines, slow) <= within) ++done;
  }
  return static_cast<double>(done) / kBatches;
}

TEST(BatchModel, TakesWhatBatchesWereSeenToTake) {
  EXPECT_NEAR(share_within(4min, 1000, false), 0.5, 0.05);
  EXPECT_GE(share_within(1h, 5000, false), 0.9);
  EXPECT_NEAR(share_within(84min, 10'000, false) - share_within(14min, 10'000, false), 0.5, 0.1);
  EXPECT_LE(share_within(8h, 10'000, false), 0.999) << "there is a tail";
  EXPECT_LE(share_within(1h, 10'000, true), 0.15);
}

TEST(BatchModel, ATimeIsSlowForAllBatchesOfAModel) {
  int slow = 0;
  for (std::uint64_t model = 0; model < 2000; ++model) {
    const bool first = is_slow(BatchRegime::mixed, 1, model, 0h);
    EXPECT_EQ(is_slow(BatchRegime::mixed, 1, model, 6h - 1s), first);
    if (first) ++slow;
  }
  EXPECT_NEAR(slow, 300, 60);
}

void fill(Batches& batches, std::uint32_t lines) {
  for (schedule::RequestId id = 1; id <= lines; ++id)
    batches.park(core::Time(), 0, {.request = id, .worst_cost = {}});
}

ServerSpec service(BatchModel model) {
  ServerSpec spec;
  spec.batch = model;
  return spec;
}

TEST(BatchModel, AFullBatchIsSealedAtOnceAndTheRestAfterAMinute) {
  const ServerSpec spec = service({.most_lines = 100, .takes = 1h});
  Batches batches({&spec, 1}, std::nullopt, 1);
  fill(batches, 150);
  EXPECT_EQ(batches.made(), 1U);
  EXPECT_EQ(batches.next(), core::Time(1min));
  EXPECT_TRUE(batches.pass(core::Time(1min)).empty());
  EXPECT_EQ(batches.made(), 2U);
  const auto first = batches.pass(core::Time(1h));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].answered.size(), 100U);
  EXPECT_EQ(batches.pass(core::Time(61min)).at(0).answered.size(), 50U);
  EXPECT_TRUE(batches.empty());
}

// Of 100 hours 2 are validating and 94 running.
TEST(BatchModel, AtTheWindowsEndWhatIsDoneIsKept) {
  const ServerSpec spec = service({.most_lines = 100, .takes = 100h, .window = 49h});
  Batches batches({&spec, 1}, std::nullopt, 1);
  fill(batches, 100);
  EXPECT_EQ(batches.next(), core::Time(49h));
  const auto ended = batches.pass(core::Time(49h));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].answered.size(), 50U);
  EXPECT_EQ(ended[0].unanswered.size(), 50U);
  EXPECT_FALSE(ended[0].cancelled);
}

TEST(BatchModel, ACancelTakesTenMinutesAndKeepsWhatIsDone) {
  const ServerSpec spec = service({.most_lines = 94, .takes = 100h});
  Batches batches({&spec, 1}, std::nullopt, 1);
  fill(batches, 94);
  const core::Time now(12h);
  EXPECT_EQ(batches.open(now).at(0).lines, 84);
  batches.cancel(now, 0);
  EXPECT_TRUE(batches.open(now).at(0).given_up);
  EXPECT_EQ(batches.next(), now + 10min);
  const auto ended = batches.pass(now + 10min);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].answered.size(), 10U);
  EXPECT_TRUE(ended[0].cancelled);
}

TEST(BatchModel, AShareOfTheLinesBringsNoAnswer) {
  const ServerSpec spec = service({.most_lines = 10'000, .takes = 1h, .unanswered = 0.1});
  Batches batches({&spec, 1}, std::nullopt, 1);
  fill(batches, 10'000);
  EXPECT_NEAR(static_cast<double>(batches.pass(core::Time(1h)).at(0).unanswered.size()), 1000, 100);
}

}  // namespace
}  // namespace sluice::simulate
