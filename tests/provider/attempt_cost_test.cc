#include "provider/attempt_cost.h"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

using core::Money;

const core::Price kListPrices{Money::picodollars(10), Money::picodollars(1),
                              Money::picodollars(100)};
const WorstCase kMost{.usage = {.input = 500, .output = 1000}, .cost = Money::picodollars(105'000)};

Outcome billed_as(Billing billing, const Usage& usage = {}) {
  Outcome outcome;
  outcome.billing = billing;
  outcome.usage = usage;
  return outcome;
}

TEST(AttemptCost, IsTheUsageAtListPricesWhereItIsKnown) {
  const AttemptCost cost =
      attempt_cost(billed_as(Billing::known, {.input = 50, .cached_input = 20, .output = 4}),
                   kListPrices, kMost);
  EXPECT_EQ(cost.billing, Billing::known);
  EXPECT_EQ(cost.cost, Money::picodollars(30 * 10 + 20 * 1 + 4 * 100));
  EXPECT_EQ(cost.estimate, cost.cost);
  EXPECT_EQ(cost.usage, (Usage{.input = 50, .cached_input = 20, .output = 4}));
  EXPECT_EQ(cost.charged, std::nullopt);
}

TEST(AttemptCost, IsTheWorstCaseWhereItMayHaveBeenBilled) {
  const AttemptCost cost = attempt_cost(billed_as(Billing::possible), kListPrices, kMost);
  EXPECT_EQ(cost.billing, Billing::possible);
  EXPECT_EQ(cost.cost, kMost.cost);
  EXPECT_EQ(cost.usage, kMost.usage);
  EXPECT_EQ(cost.estimate, Money()) << "nothing is known of it";
}

TEST(AttemptCost, IsNothingWhereNothingRan) {
  const AttemptCost cost = attempt_cost(billed_as(Billing::none), kListPrices, kMost);
  EXPECT_EQ(cost.cost, Money());
  EXPECT_EQ(cost.usage, Usage());
  EXPECT_EQ(cost.estimate, Money());
}

TEST(AttemptCost, AKnownUsageOfNothingCostsNothing) {
  EXPECT_EQ(attempt_cost(billed_as(Billing::known), kListPrices, kMost).cost, Money());
}

TEST(AttemptCost, AChargeIsTheCostAndTheListPriceTheEstimate) {
  Outcome charged = billed_as(Billing::known, {.input = 50, .output = 4});
  charged.charged = Money::picodollars(77);
  const AttemptCost cost = attempt_cost(charged, kListPrices, kMost);
  EXPECT_EQ(cost.cost, Money::picodollars(77));
  EXPECT_EQ(cost.estimate, Money::picodollars(50 * 10 + 4 * 100));
  EXPECT_EQ(cost.charged, Money::picodollars(77));
}

TEST(AttemptCost, AChargeWithoutCountsIsTheCostAndLeavesTheEstimateAtZero) {
  Outcome charged = billed_as(Billing::known);
  charged.charged = Money::picodollars(77);
  const AttemptCost cost = attempt_cost(charged, kListPrices, kMost);
  EXPECT_EQ(cost.cost, Money::picodollars(77));
  EXPECT_EQ(cost.estimate, Money());
  EXPECT_EQ(cost.usage, Usage());
}

}  // namespace
}  // namespace sluice::provider
