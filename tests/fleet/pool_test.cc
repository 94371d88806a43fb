// Worked examples of how a fleet shares its limits.
#include "fleet/pool.h"

#include <gtest/gtest.h>

#include "world.h"

namespace sluice::fleet {
namespace {

std::vector<WorldLimit> requests(double cap) {
  return {{{.name = "requests", .stated = cap}, 1}};
}

TEST(Pool, TwoMembersHaveHalfEachAndTheOneThatStaysHasAll) {
  World world(1, requests(100));
  const std::size_t a = world.join(kAll);
  const std::size_t b = world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  EXPECT_NEAR(world.share(a), 50, 1);
  EXPECT_NEAR(world.share(b), 50, 1);
  world.leave(b);
  ASSERT_TRUE(world.play(Ms(2'000))) << world.broken();
  EXPECT_NEAR(world.share(a), 100, 1);
}

TEST(Pool, ANewPoolGivesNothingForOneLeaseSinceItMayBeALostOne) {
  World world(1, requests(100));
  const std::size_t a = world.join(kAll);
  ASSERT_TRUE(world.play(Ms(4'000))) << world.broken();
  EXPECT_EQ(world.share(a), 0);
  ASSERT_TRUE(world.play(Ms(5'000))) << world.broken();
  EXPECT_NEAR(world.share(a), 100, 1);
}

TEST(Pool, TheOneThatWantsLittleGetsItAndTheRestGoesToTheOthers) {
  World world(1, requests(100));
  const std::size_t little = world.join(10);
  const std::size_t much = world.join(kAll);
  ASSERT_TRUE(world.play(Ms(30'000))) << world.broken();
  EXPECT_NEAR(world.share(little), 12, 0.5);
  EXPECT_NEAR(world.share(much), 88, 1);
}

TEST(Pool, FiftyMembersTakeTurnsAtTenRequestsAMinute) {
  World world(1, requests(10.0 / 60));
  for (int i = 0; i < 50; ++i) world.join(kAll);
  ASSERT_TRUE(world.play(Ms(30'000))) << world.broken();
  const double before = world.all_sent();
  ASSERT_TRUE(world.play(Ms(600'000))) << world.broken();
  EXPECT_GE(world.all_sent() - before, 98);
  EXPECT_LE(world.all_sent() - before, 101);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_NEAR(world.sent(i), 2, 1) << i;
}

TEST(Pool, AMemberThatIsStoppedPastItsLeaseSendsNothingWhenItWakes) {
  World world(1, requests(100));
  const std::size_t a = world.join(kAll);
  const std::size_t b = world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  world.stop(a, true);
  ASSERT_TRUE(world.play(Ms(3'000))) << world.broken();
  EXPECT_NEAR(world.share(b), 50, 1);
  ASSERT_TRUE(world.play(Ms(12'000))) << world.broken();
  EXPECT_NEAR(world.share(b), 100, 1);
  EXPECT_EQ(world.share(a), 0);
  world.stop(a, false);
  EXPECT_EQ(world.share(a), 0);
  ASSERT_TRUE(world.play(Ms(10'000))) << world.broken();
  EXPECT_NEAR(world.share(a), 50, 1);
}

TEST(Pool, WhatAKilledMemberHadIsItsHeirsAtOnce) {
  World world(1, requests(100));
  const std::size_t a = world.join(kAll);
  const std::size_t b = world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  const std::size_t heir = world.restart(b);
  ASSERT_TRUE(world.play(Ms(1'500))) << world.broken();
  EXPECT_NEAR(world.share(a), 50, 1);
  EXPECT_NEAR(world.share(heir), 50, 1);
  EXPECT_EQ(world.state().members.size(), 2U);
}

TEST(Pool, ALostStoreChangesNothingForThoseThatHoldShares) {
  World world(1, requests(100));
  const std::size_t a = world.join(kAll);
  const std::size_t b = world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  world.lose_store();
  const std::size_t late = world.join(kAll);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(world.play(Ms(100))) << world.broken();
    EXPECT_NEAR(world.share(a), 50, 1);
    EXPECT_NEAR(world.share(b), 50, 1);
    EXPECT_EQ(world.share(late), 0);
  }
  ASSERT_TRUE(world.play(Ms(10'000))) << world.broken();
  EXPECT_NEAR(world.share(late), 100.0 / 3, 1);
}

TEST(Pool, AStoreThatFallsBackByASecondIsNoticedByWhatMembersBring) {
  World world(1, requests(100));
  for (int i = 0; i < 5; ++i) world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  const std::uint64_t epoch = world.state().epoch;
  world.roll_back_store(Ms(1'000));
  ASSERT_TRUE(world.play(Ms(1'500))) << world.broken();
  EXPECT_GT(world.state().epoch, epoch);
  EXPECT_NEAR(world.sum(), 100, 1);
}

TEST(Pool, AStoreWhoseClockIsAnHourWrongLapsesNobody) {
  for (const Ms wrong : {Ms(3'600'000), Ms(-3'600'000)}) {
    World world(1, requests(100));
    for (int i = 0; i < 5; ++i) world.join(kAll);
    ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
    world.set_store_clock(wrong);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(world.play(Ms(100))) << world.broken();
      EXPECT_NEAR(world.sum(), 100, 1);
    }
    EXPECT_EQ(world.state().members.size(), 5U);
  }
}

TEST(Pool, ALearnedLimitIsCutOnceAWindowWhoeverIsRefused) {
  World world(1, {{{.name = "requests", .guess = 100}, 1}});
  for (int i = 0; i < 4; ++i) world.join(kAll);
  ASSERT_TRUE(world.play(Ms(14'000))) << world.broken();
  const double before = world.state().limits.at(0).cap;
  for (std::size_t i = 0; i < 4; ++i) world.member(i).refused(0);
  ASSERT_TRUE(world.play(Ms(2'000))) << world.broken();
  EXPECT_NEAR(world.state().limits.at(0).cap, before * 0.7, before * 0.01);
  ASSERT_TRUE(world.play(Ms(12'000))) << world.broken();
  EXPECT_GT(world.state().limits.at(0).cap, before * 0.7);
}

TEST(Pool, APauseHoldsForAllAndEndsForOneAfterTheOther) {
  World world(1, requests(100));
  for (int i = 0; i < 4; ++i) world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  world.member(0).pause(world.time() + std::chrono::seconds(6));
  ASSERT_TRUE(world.play(Ms(3'000))) << world.broken();
  EXPECT_EQ(world.sum(), 0);
  ASSERT_TRUE(world.play(Ms(8'000))) << world.broken();
  EXPECT_NEAR(world.sum(), 100, 1);
}

TEST(Pool, OneMemberAloneTriesWhetherTheEndpointIsWellAgain) {
  World world(1, requests(100));
  for (int i = 0; i < 4; ++i) world.join(kAll);
  ASSERT_TRUE(world.play(Ms(20'000))) << world.broken();
  world.member(2).breaker_opened(world.time() + std::chrono::seconds(4));
  ASSERT_TRUE(world.play(Ms(8'000))) << world.broken();
  EXPECT_EQ(world.sum(), 0);
  std::size_t probing = 4;
  for (std::size_t i = 0; i < 4; ++i) {
    if (!world.member(i).probing(world.time())) continue;
    EXPECT_EQ(probing, 4U) << "two of them";
    probing = i;
  }
  ASSERT_LT(probing, 4U);
  world.member(probing).breaker_closed();
  ASSERT_TRUE(world.play(Ms(3'000))) << world.broken();
  EXPECT_NEAR(world.sum(), 100, 1);
}

TEST(Pool, FiftyMembersUseNinetyEightPercentThroughJoinsLeavesAndKills) {
  World world(
      1, {{{.name = "requests", .stated = 100}, 1}, {{.name = "tokens", .stated = 2e6 / 60}, 300}});
  for (int i = 0; i < 50; ++i) world.join(kAll);
  ASSERT_TRUE(world.play(Ms(30'000))) << world.broken();
  const double before = world.all_sent();
  for (std::size_t i = 0; i < 4; ++i) {
    world.join(kAll);
    ASSERT_TRUE(world.play(Ms(15'000))) << world.broken();
    world.leave(2 * i);
    ASSERT_TRUE(world.play(Ms(15'000))) << world.broken();
    world.kill(2 * i + 1);
    ASSERT_TRUE(world.play(Ms(30'000))) << world.broken();
  }
  EXPECT_GE((world.all_sent() - before) / (100 * 240), 0.98);
}

}  // namespace
}  // namespace sluice::fleet
