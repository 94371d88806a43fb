#include "index/spilled_multiset.h"

#include <algorithm>
#include <map>
#include <random>

#include "tests/scratch.h"

namespace sluice::index {
namespace {

core::Hash128 done_row(std::uint64_t i) {
  return core::hash128("done " + std::to_string(i));
}

class SpilledMultisetTest : public testing::Test {
 protected:
  void fill(SpilledMultiset& rows, const std::vector<std::uint64_t>& all) const {
    ASSERT_TRUE(rows.reserve(all.size()).has_value());
    for (const std::uint64_t i : all) ASSERT_TRUE(rows.add(done_row(i)).has_value());
    ASSERT_EQ(rows.size(), all.size());
  }
  static bool take(SpilledMultiset& rows, std::uint64_t i) {
    const auto taken = rows.take(done_row(i));
    EXPECT_TRUE(taken.has_value()) << taken.error().text();
    return taken.value_or(false);
  }
  Scratch scratch_;
};

std::vector<std::uint64_t> numbers(std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t i = 0; i < count; ++i) all[i] = i;
  return all;
}

// Rows that occur once, often, or never; read in the order in which they ended, in another that is
// near it, in none; some not read at all.
TEST_F(SpilledMultisetTest, AgreesWithAMapInWhateverOrderRowsAreRead) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::uint32_t distinct = 1 + random() % 6000;
    std::vector<std::uint64_t> ended(random() % 9000);
    for (std::uint64_t& i : ended) i = random() % 4 == 0 ? random() % 3 : random() % distinct;
    SpilledMultiset rows(scratch_.path(), 1 + random() % 6000);
    fill(rows, ended);
    std::map<std::uint64_t, std::uint64_t> model;
    for (const std::uint64_t i : ended) ++model[i];

    std::vector<std::uint64_t> read = ended;
    for (int i = 0; i < 500; ++i) read.push_back(random() % (distinct * 2));
    if (seed % 4 == 1) std::ranges::reverse(read);
    if (seed % 4 == 2) std::ranges::shuffle(read, random);
    if (seed % 4 == 3)
      for (std::size_t i = 0; i + 600 < read.size(); ++i)
        std::swap(read[i], read[i + random() % 600]);
    read.resize(read.size() - random() % 300);
    std::uint64_t left = ended.size();
    for (const std::uint64_t i : read) {
      const bool there = model[i] > 0;
      ASSERT_EQ(take(rows, i), there) << i;
      if (there) {
        --model[i];
        --left;
      }
      ASSERT_EQ(rows.size(), left);
    }
    for (const auto& [i, n] : model) {
      for (std::uint64_t k = 0; k < n; ++k) ASSERT_TRUE(take(rows, i));
      ASSERT_FALSE(take(rows, i));
    }
    EXPECT_EQ(rows.size(), 0U);
    EXPECT_EQ(rows.memory(), 0U);
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
}

TEST_F(SpilledMultisetTest, RowsWithTheTagOfADoneRowAreNotDone) {
  SpilledMultiset rows(scratch_.path(), 10);
  fill(rows, numbers(2000));
  for (std::uint64_t i = 0; i < 2000; ++i) {
    core::Hash128 other = done_row(i);
    other.high ^= 1;
    EXPECT_FALSE(*rows.take(other));
    other = done_row(i);
    other.low ^= 1;
    EXPECT_FALSE(*rows.take(other));
  }
  EXPECT_EQ(rows.size(), 2000U);
}

TEST_F(SpilledMultisetTest, MemoryIsTheIndexAndAFewChunksInAnOrderThatKeepsNeighbours) {
  constexpr std::uint64_t kRows = 600'000;
  for (const bool backwards : {false, true}) {
    SpilledMultiset rows(scratch_.path(), 20'000);
    fill(rows, numbers(kRows));
    const std::size_t index = rows.memory();
    EXPECT_LT(index, 4'400'000 + kRows * 128 / 100);
    for (std::uint64_t i = 0; i < kRows; ++i) {
      const std::uint64_t i_th = backwards ? kRows - 1 - i : i;
      ASSERT_TRUE(take(rows, i_th ^ 1023)  // neighbours, in another order
                  || i_th >= kRows - 1024);
      if (i % 10'000 == 0) {
        ASSERT_LT(rows.memory(), index + 2'000'000);
      }
    }
    EXPECT_LT(rows.size(), 1024U);
  }
}

TEST_F(SpilledMultisetTest, WhenMoreWouldHaveToBeLoadedAllRowsAreAtWhatTheyCost) {
  constexpr std::uint64_t kRows = 100'000;
  SpilledMultiset rows(scratch_.path(), 5000);
  fill(rows, numbers(kRows));
  for (std::uint64_t i = 0; i < kRows; i += SpilledMultiset::kChunkRows) ASSERT_TRUE(take(rows, i));
  EXPECT_LT(rows.memory(), kRows * 22);
  EXPECT_FALSE(take(rows, 0));
  EXPECT_TRUE(take(rows, 1));
}

TEST_F(SpilledMultisetTest, AFreshRunAllocatesNothingAndAFewRowsNeedNoFile) {
  SpilledMultiset rows(scratch_.path() + "/nowhere");
  ASSERT_TRUE(rows.reserve(0).has_value());
  EXPECT_EQ(rows.memory(), 0U);
  EXPECT_FALSE(take(rows, 1));
  fill(rows, numbers(1000));
  EXPECT_TRUE(take(rows, 1));
  SpilledMultiset many(scratch_.path() + "/nowhere", 999);
  const auto status = many.reserve(1000);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, core::ErrorCode::io);
}

}  // namespace
}  // namespace sluice::index
