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
  EXPECT_NEAR(world.share(a, 0), 50, 1);
  EXPECT_NEAR(world.share(b, 0), 50, 1);
  world.leave(b);
  ASSERT_TRUE(world.play(Ms(2'000))) << world.broken();
  EXPECT_NEAR(world.share(a, 0), 100, 1);
}

}  // namespace
}  // namespace sluice::fleet
