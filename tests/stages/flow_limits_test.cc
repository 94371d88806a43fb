#include "stages/flow_limits.h"

#include <gtest/gtest.h>

#include "support.h"

namespace sluice::stages {
namespace {

std::size_t credits(int slots, int rows) {
  PipelineSpec spec = simple_spec(rows);
  spec.dispatch.endpoints[0].limits.max_concurrency = slots;
  return credit_limit(spec).rows;
}

TEST(RunLimitsTest, TheFlowHoldsWhatIsInFlightAndAsMuchAgainWithinBounds) {
  EXPECT_EQ(credits(1, 1), 1U + 512);
  EXPECT_EQ(credits(200, 1), 200U + 512);
  EXPECT_EQ(credits(4000, 1), 4000U + 4000);
  EXPECT_EQ(credits(200, 50), 10'000U + 4096);
  EXPECT_EQ(credits(1000, 50), 50'000U + 12'500) << "a quarter, where that is more";
}

TEST(RunLimitsTest, HalfOfWhatIsNotInFlightIsWorthATransaction) {
  PipelineSpec spec = simple_spec(1);
  spec.dispatch.endpoints[0].limits.max_concurrency = 2000;
  EXPECT_EQ(group_entries(spec), 1000U);
}

}  // namespace
}  // namespace sluice::stages
