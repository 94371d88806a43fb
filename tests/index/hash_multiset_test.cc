#include "index/hash_multiset.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace sluice::index {
namespace {

core::Hash128 row(std::uint64_t i) {
  return core::hash128(std::to_string(i));
}

TEST(HashMultiset, UsesUpOneOccurrencePerTake) {
  HashMultiset set;
  set.add(row(1));
  set.add(row(2));
  set.add(row(1));
  EXPECT_EQ(set.size(), 3U);
  EXPECT_TRUE(set.take(row(1)));
  EXPECT_TRUE(set.take(row(1)));
  EXPECT_FALSE(set.take(row(1)));
  EXPECT_FALSE(set.take(row(3)));
  EXPECT_EQ(set.size(), 1U);
  EXPECT_TRUE(set.take(row(2)));
  EXPECT_EQ(set.size(), 0U);
}

TEST(HashMultiset, AgreesWithAMapOverRandomAddsAndTakes) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    HashMultiset set;
    std::map<std::uint64_t, std::uint64_t> model;
    if (seed % 2 == 0) set.reserve(500);
    const std::uint64_t rows = 1 + random() % 400;
    const std::uint32_t bias = 1 + random() % 9;
    for (int step = 0; step < 6000; ++step) {
      const std::uint64_t i = random() % rows;
      if (random() % 10 < bias) {
        set.add(row(i));
        ++model[i];
      } else {
        const bool there = model[i] > 0;
        ASSERT_EQ(set.take(row(i)), there) << "seed " << seed << " step " << step;
        if (there) --model[i];
      }
    }
    std::uint64_t left = 0;
    for (const auto& [i, n] : model) left += n;
    EXPECT_EQ(set.size(), left) << "seed " << seed;
    for (const auto& [i, n] : model)
      for (std::uint64_t k = 0; k < n; ++k) EXPECT_TRUE(set.take(row(i))) << "seed " << seed;
    EXPECT_EQ(set.size(), 0U);
    EXPECT_EQ(set.bytes(), 0U);
  }
}

TEST(HashMultiset, CountsAMillionOccurrencesOfOneRow) {
  HashMultiset set;
  for (int i = 0; i < 1'000'000; ++i) set.add(row(1));
  EXPECT_LT(set.bytes(), 4096U);
  int taken = 0;
  while (set.take(row(1))) ++taken;
  EXPECT_EQ(taken, 1'000'000);
}

TEST(HashMultiset, CostsLittleGivesItBackAndNothingWhenFresh) {
  HashMultiset set;
  EXPECT_EQ(set.bytes(), 0U);
  EXPECT_FALSE(set.take(row(1)));
  constexpr std::uint64_t kRows = 100'000;
  set.reserve(kRows);
  const std::size_t made = set.bytes();
  for (std::uint64_t i = 0; i < kRows; ++i) set.add(row(i));
  EXPECT_EQ(set.bytes(), made);
  EXPECT_LT(set.bytes(), kRows * 22);
  for (std::uint64_t i = 0; i < kRows * 9 / 10; ++i) ASSERT_TRUE(set.take(row(i)));
  EXPECT_LT(set.bytes(), made / 4 + 100);
  for (std::uint64_t i = kRows * 9 / 10; i < kRows; ++i) ASSERT_TRUE(set.take(row(i)));
  EXPECT_EQ(set.bytes(), 0U);
}

}  // namespace
}  // namespace sluice::index
