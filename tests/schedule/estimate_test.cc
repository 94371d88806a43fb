#include "schedule/estimate.h"

#include <gtest/gtest.h>

namespace sluice::schedule {
namespace {

constexpr Demand kDemand{.id = 1, .prompt_bytes = 4000, .rows = 10};

TEST(Estimator, StartsFromTheStatedDefaults) {
  const Estimator estimator(std::nullopt);
  const Tokens tokens = estimator.expected(kDemand);
  EXPECT_DOUBLE_EQ(tokens.input, 1000);
  EXPECT_DOUBLE_EQ(tokens.output, 1280);
}

TEST(Estimator, NeverExpectsMoreOutputThanTheCap) {
  EXPECT_DOUBLE_EQ(Estimator(500).expected(kDemand).output, 500);
}

TEST(Estimator, TheFirstAnswerReplacesTheDefaults) {
  Estimator estimator(std::nullopt);
  estimator.learn(kDemand, {.input = 2000, .output = 50});
  const Tokens tokens = estimator.expected({.id = 2, .prompt_bytes = 100, .rows = 2});
  EXPECT_DOUBLE_EQ(tokens.input, 50);
  EXPECT_DOUBLE_EQ(tokens.output, 10);
}

TEST(Estimator, FollowsAChangeAndForgetsTheOld) {
  Estimator estimator(std::nullopt);
  for (int i = 0; i < 100; ++i) estimator.learn(kDemand, {.input = 1000, .output = 100});
  for (int i = 0; i < 200; ++i) estimator.learn(kDemand, {.input = 4000, .output = 900});
  const Tokens tokens = estimator.expected(kDemand);
  EXPECT_NEAR(tokens.input, 4000, 40);
  EXPECT_NEAR(tokens.output, 900, 9);
}

TEST(Estimator, OneOutlierMovesItByAThirtySecondAtMost) {
  Estimator estimator(std::nullopt);
  for (int i = 0; i < 100; ++i) estimator.learn(kDemand, {.input = 1000, .output = 100});
  estimator.learn(kDemand, {.input = 1000, .output = 3300});
  EXPECT_NEAR(estimator.expected(kDemand).output, 200, 1e-6);
}

TEST(Estimator, ExpectsNoMoreThanWhatRepliesAreBelieved) {
  Estimator estimator(std::nullopt);
  estimator.learn({.id = 1, .prompt_bytes = 100, .rows = 1}, {.input = 16'000, .output = 120'000});
  const Tokens tokens = estimator.expected({.id = 2, .prompt_bytes = 10'000, .rows = 20});
  EXPECT_DOUBLE_EQ(tokens.input, 2 * 10'000 + 16'384);
  EXPECT_DOUBLE_EQ(tokens.output, 128'000);
}

TEST(Estimator, WhatAServiceAddsToThePromptIsPartOfTheWorstCase) {
  Estimator estimator(100);
  EXPECT_EQ(estimator.worst_usage(kDemand).input, 4064U);
  estimator.learn(kDemand, {.input = 4000, .output = 10});
  EXPECT_EQ(estimator.worst_usage(kDemand).input, 4064U);
  estimator.learn(kDemand, {.input = 9064, .output = 10});
  EXPECT_EQ(estimator.worst_usage(kDemand).input, 9064U);
}

TEST(Estimator, LearnsNothingFromAnAnswerWithoutFigures) {
  Estimator estimator(std::nullopt);
  estimator.learn(kDemand, {});
  EXPECT_DOUBLE_EQ(estimator.expected(kDemand).input, 1000);
}

TEST(Estimator, WorstCostBoundsInputByBytesAndOutputByTheCap) {
  const core::Price price{.input = core::Money::picodollars(3),
                          .cached_input = core::Money::picodollars(1),
                          .output = core::Money::picodollars(7)};
  EXPECT_EQ(Estimator(500).worst_cost(kDemand, price),
            core::Money::picodollars(3 * (4000 + 64) + 7 * 500));
  EXPECT_EQ(Estimator(std::nullopt).worst_cost(kDemand, price),
            core::Money::picodollars(3 * (4000 + 64) + 7 * 128'000));
}

TEST(Estimator, WorstCostTakesTheDearerOfFreshAndCachedInput) {
  const core::Price price{.input = core::Money::picodollars(1),
                          .cached_input = core::Money::picodollars(2),
                          .output = {}};
  EXPECT_EQ(Estimator(1).worst_cost(kDemand, price), core::Money::picodollars(2 * 4064));
}

TEST(Estimator, WorstCostCountsWhatAReplyHasShownToBeBilled) {
  core::Price price{.input = core::Money::picodollars(2),
                    .cached_input = core::Money::picodollars(1),
                    .output = {}};
  price.cache_write = core::Money::picodollars(3);
  Estimator estimator(1);
  EXPECT_EQ(estimator.worst_cost(kDemand, price), core::Money::picodollars(2 * 4064));
  estimator.learn(kDemand, {.input = 10, .output = 1, .cache_write = 5});
  EXPECT_EQ(estimator.worst_cost(kDemand, price), core::Money::picodollars(3 * 4064));
}

}  // namespace
}  // namespace sluice::schedule
