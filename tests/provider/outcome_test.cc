#include "provider/outcome.h"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

const core::Price kPrice{core::Money::picodollars(750'000), core::Money::picodollars(75'000),
                         core::Money::picodollars(4'500'000)};

TEST(CostOf, PricesCachedInputApartAndCountsReasoningAsOutput) {
  const Usage usage{.input = 1000, .cached_input = 400, .output = 50, .reasoning = 20};
  EXPECT_EQ(cost_of(usage, kPrice),
            core::Money::picodollars(600 * 750'000 + 400 * 75'000 + 50 * 4'500'000));
}

TEST(CostOf, NeverPricesMoreCachedTokensThanInputTokens) {
  const Usage usage{.input = 10, .cached_input = 11, .output = 0, .reasoning = 0};
  EXPECT_EQ(cost_of(usage, kPrice), core::Money::picodollars(10 * 75'000));
}

TEST(CostOf, SaturatesOnAbsurdCounts) {
  const Usage usage{.input = UINT64_MAX, .cached_input = 0, .output = 1, .reasoning = 0};
  EXPECT_EQ(cost_of(usage, kPrice), core::Money::max());
}

}  // namespace
}  // namespace sluice::provider
