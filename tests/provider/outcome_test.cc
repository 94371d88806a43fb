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

TEST(CostOf, PricesWhatWasWrittenToTheCacheAsInputWhereItHasNoPrice) {
  const Usage usage{.input = 10, .cached_input = 2, .cache_write = 3, .cache_write_1h = 4};
  EXPECT_EQ(cost_of(usage, kPrice), core::Money::picodollars(8 * 750'000 + 2 * 75'000));
}

TEST(CostOf, NeverPricesMorePartsThanInputTokens) {
  core::Price price = kPrice;
  price.cache_write_1h = core::Money::picodollars(1'500'000);
  const Usage usage{.input = 10, .cached_input = 8, .cache_write = 9, .cache_write_1h = 7};
  EXPECT_EQ(cost_of(usage, price), core::Money::picodollars(7 * 1'500'000 + 3 * 750'000));
}

TEST(MostCostOf, CountsATierOnceAReplyHasNamedIt) {
  core::Price price = kPrice;
  price.tiers[static_cast<std::size_t>(Tier::priority)] = core::TierRates{
      {core::Money::picodollars(1'500'000), {}, core::Money::picodollars(9'000'000)}, {}};
  const Usage most{.input = 10, .output = 1};
  EXPECT_EQ(most_cost_of(most, price), core::Money::picodollars(12'000'000));
  Billed billed;
  billed.learn(most, Tier::priority);
  EXPECT_EQ(most_cost_of(most, price, billed), core::Money::picodollars(24'000'000));
}

TEST(MostCostOf, CountsTheLongPriceOnlyWhereThePromptMayBeThatLong) {
  core::Price price = kPrice;
  price.step = 100;
  price.above = {core::Money::picodollars(1'500'000), {}, core::Money::picodollars(9'000'000)};
  EXPECT_EQ(most_cost_of({.input = 100}, price), core::Money::picodollars(75'000'000));
  EXPECT_EQ(most_cost_of({.input = 101}, price), core::Money::picodollars(101 * 1'500'000));
}

TEST(TierNamed, KnowsTheNamesOfAllServices) {
  for (const char* name : {"default", "standard", "ON_DEMAND", "on_demand", "scale", "reserved",
                           "PROVISIONED_THROUGHPUT", "auto", "standard_only"})
    EXPECT_EQ(tier_named(name), Tier::standard) << name;
  for (const char* name : {"flex", "ON_DEMAND_FLEX", "Flex"})
    EXPECT_EQ(tier_named(name), Tier::flex) << name;
  for (const char* name : {"priority", "fast", "ON_DEMAND_PRIORITY"})
    EXPECT_EQ(tier_named(name), Tier::priority) << name;
  EXPECT_EQ(tier_named("batch"), Tier::batch);
  for (const char* name : {"", "turbo", "flexible", "asked"})
    EXPECT_EQ(tier_named(name), std::nullopt) << name;
}

}  // namespace
}  // namespace sluice::provider
