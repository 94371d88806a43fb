#include "checkpoint/key_feeder.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sluice::checkpoint {
namespace {

class KeyFeeders : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutAThread, KeyFeeders, testing::Bool());

TEST_P(KeyFeeders, HandOnAllKeysInOrderWithTheirBlocks) {
  std::vector<std::uint64_t> keys;
  std::vector<std::int64_t> blocks;
  KeyFeeder feeder(
      [&](std::span<const core::Hash128> some, std::int64_t block) -> core::Status {
        for (const core::Hash128& key : some) keys.push_back(key.low);
        blocks.push_back(block);
        return {};
      },
      GetParam());
  constexpr std::uint64_t kBlocks = 2000;
  std::uint64_t next = 0;
  std::vector<core::Hash128> some;
  for (std::uint64_t block = 1; block <= kBlocks; ++block) {
    some.clear();
    for (std::uint64_t i = 0; i < block % 200; ++i) some.push_back({0, next++});
    ASSERT_TRUE(feeder.add(some, static_cast<std::int64_t>(block)));
  }
  ASSERT_TRUE(feeder.finish());
  ASSERT_EQ(keys.size(), next);
  for (std::uint64_t i = 0; i < next; ++i) ASSERT_EQ(keys[i], i);
  ASSERT_EQ(blocks.size(), kBlocks);
  for (std::uint64_t i = 0; i < kBlocks; ++i)
    ASSERT_EQ(blocks[i], static_cast<std::int64_t>(i + 1));
}

TEST_P(KeyFeeders, KeepTheFirstErrorAndTakeNothingAfterIt) {
  int calls = 0;
  KeyFeeder feeder(
      [&](std::span<const core::Hash128>, std::int64_t) -> core::Status {
        if (++calls == 3) return core::fail(core::ErrorCode::io, "no room");
        return {};
      },
      GetParam());
  // More than may wait: so add() meets the error, and does not wait for ever.
  const std::vector<core::Hash128> some(KeyFeeder::kMostWaiting);
  core::Status added;
  for (int i = 0; i < 10 && added; ++i) added = feeder.add(some, 1);
  EXPECT_FALSE(added);
  const core::Status finished = feeder.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "no room");
  EXPECT_EQ(calls, 3);
}

TEST(KeyFeeder, TakesWhatIsThrownForAnError) {
  KeyFeeder feeder([](std::span<const core::Hash128>,
                      std::int64_t) -> core::Status { throw std::runtime_error("out of threads"); },
                   true);
  (void)feeder.add({}, 1);
  EXPECT_FALSE(feeder.finish());
}

}  // namespace
}  // namespace sluice::checkpoint
