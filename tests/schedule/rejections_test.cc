#include "schedule/rejections.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "simulate/random.h"

namespace sluice::schedule {
namespace {

// The first ordinal at which a burst is seen among `n` requests of which `share` are refused at
// random; 0 = none.
std::uint64_t first_burst(double share, std::uint64_t n, std::uint64_t seed) {
  simulate::Random random(seed);
  RejectionBurst burst;
  for (std::uint64_t ordinal = 1; ordinal <= n; ++ordinal) {
    if (random.uniform() >= share) continue;
    burst.refused(ordinal);
    if (burst.active()) return ordinal;
  }
  return 0;
}

TEST(RejectionBurst, FiveRefusedInARowAreOneAndFourAreNot) {
  RejectionBurst burst;
  for (std::uint64_t ordinal = 1; ordinal <= 4; ++ordinal) burst.refused(ordinal);
  EXPECT_FALSE(burst.active());
  burst.refused(5);
  EXPECT_TRUE(burst.active());
}

TEST(RejectionBurst, AMixedCrowdOfMostlyRefusalsIsOne) {
  RejectionBurst burst;
  std::uint64_t ordinal = 0;
  for (int i = 0; i < 8; ++i) {
    burst.refused(++ordinal);
    burst.refused(++ordinal);
    ++ordinal;  // passed
  }
  EXPECT_TRUE(burst.active());
}

TEST(RejectionBurst, IsOverWhenAsManyHavePassed) {
  RejectionBurst burst;
  for (std::uint64_t ordinal = 1; ordinal <= 30; ++ordinal) burst.refused(ordinal);
  EXPECT_TRUE(burst.active());
  burst.refused(31 + 30);
  EXPECT_FALSE(burst.active()) << "one more refusal after thirty answers";
}

TEST(RejectionBurst, OrderOfArrivalDoesNotMatter) {
  RejectionBurst late;
  for (const std::uint64_t ordinal : {5, 3, 4, 1, 2}) late.refused(ordinal);
  EXPECT_TRUE(late.active());
}

TEST(RejectionBurst, ATwentiethRefusedAtRandomIsHardlyEverTakenForOne) {
  int seen = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) seen += first_burst(0.05, 10'000, seed) > 0;
  EXPECT_LE(seen, 15) << "of half a million requests";
}

TEST(RejectionTest, RisesOnlyWhereTheShareIsNearerToTheRaised) {
  for (const bool raised : {false, true}) {
    simulate::Random random(1);
    RejectionTest test(0.02, 0.1);
    double most = 0;
    for (std::uint64_t ordinal = 1; ordinal <= 1000; ++ordinal) {
      if (random.uniform() < (raised ? 0.1 : 0.02)) test.refused(ordinal);
      most = std::max(most, test.score());
    }
    EXPECT_EQ(most >= 8, raised);
  }
}

}  // namespace
}  // namespace sluice::schedule
