#include "stages/row_cost.h"

#include <gtest/gtest.h>

namespace sluice::stages {
namespace {

Items rows_of(std::size_t rows, std::size_t raw, std::size_t prompt) {
  Items items(rows);
  for (Item& item : items) {
    item.row.raw.assign(raw, 'x');
    item.prompt.assign(prompt, 'y');
  }
  return items;
}
void learn(RowCost& cost, const Items& items) {
  cost.learn(items, weight_of(items).bytes);
}

TEST(RowCost, ExpectsThePromptToBeTheRowUntilItKnowsBetter) {
  RowCost cost;
  const Items items = rows_of(1, 1000, 1000);
  EXPECT_EQ(cost.expected(items[0].row), weight_of(items).bytes);
}

TEST(RowCost, KnowsWhatEveryPromptHas) {
  RowCost cost;
  cost.at_least(200'000);
  EXPECT_GE(cost.expected(rows_of(1, 50, 0)[0].row), 400'000u);
  learn(cost, rows_of(64, 50, 10));
  EXPECT_GE(cost.expected(rows_of(1, 50, 0)[0].row), 400'000u);
}

// The first are taken for as large as they may be; a batch never has many.
TEST(RowCost, OfRowsWithFilesBeginsAtTheMostAndKeepsBatchesSmall) {
  RowCost cost;
  cost.at_least(10);
  cost.with_files(10'000'000);
  const core::Row row = rows_of(1, 50, 0)[0].row;
  EXPECT_GE(cost.expected(row), 10'000'000u);
  for (int i = 0; i < 200; ++i) learn(cost, rows_of(1, 50, 10));
  EXPECT_LT(cost.expected(row), 2 * RowCost::kLeastFileBytes);
  EXPECT_GE(cost.expected(row), RowCost::kLeastFileBytes);
}

TEST(RowCost, FollowsGrowthAtOnceAndShrinkingSlowly) {
  RowCost cost;
  const core::Row row = rows_of(1, 50, 0)[0].row;
  const std::size_t small = cost.expected(row);
  learn(cost, rows_of(64, 50, 200'000));
  EXPECT_GE(cost.expected(row), 400'000u);
  learn(cost, rows_of(64, 50, 50));
  EXPECT_GE(cost.expected(row), 300'000u);
  for (int i = 0; i < 150; ++i) learn(cost, rows_of(64, 50, 50));
  EXPECT_LT(cost.expected(row), small + 100);
}

}  // namespace
}  // namespace sluice::stages
