#include "checkpoint/question_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::checkpoint {
namespace {

core::Hash128 question(std::uint64_t i) {
  return core::hash128(std::to_string(i));
}

bool holds(const QuestionIndex& index, const core::Hash128& q, std::int64_t block) {
  std::vector<std::int64_t> blocks;
  index.candidates(q, blocks);
  return std::ranges::find(blocks, block) != blocks.end();
}

TEST(QuestionIndex, FindsAMillionQuestionsAndFewOthersWithoutGrowing) {
  constexpr std::uint64_t kQuestions = 1'000'000;
  QuestionIndex index;
  for (std::uint64_t i = 0; i < kQuestions; i += 100) {
    std::vector<core::Hash128> block;
    for (std::uint64_t j = i; j < i + 100; ++j) block.push_back(question(j));
    index.add(block, static_cast<std::int64_t>(i / 100 + 1));
  }
  EXPECT_EQ(index.size(), kQuestions);
  EXPECT_EQ(index.slots(), QuestionIndex::kInitialSlots);
  std::uint64_t missed = 0;
  for (std::uint64_t i = 0; i < kQuestions; ++i)
    missed += !holds(index, question(i), static_cast<std::int64_t>(i / 100 + 1));
  EXPECT_EQ(missed, 0U);
  // 36 - 21 bits tell questions of one home slot apart: a false tag in some 2^15 / 0.48 lookups.
  std::vector<std::int64_t> blocks;
  for (std::uint64_t i = kQuestions; i < 2 * kQuestions; ++i) index.candidates(question(i), blocks);
  EXPECT_LT(blocks.size(), 60U);
}

TEST(QuestionIndex, LosesNothingWhenItDoubles) {
  QuestionIndex index(8);
  for (std::uint64_t i = 0; i < 5000; ++i)
    index.add({{question(i)}}, static_cast<std::int64_t>(i % 77 + 1));
  EXPECT_EQ(index.slots(), 8192U);
  EXPECT_EQ(index.size(), 5000U);
  for (std::uint64_t i = 0; i < 5000; ++i)
    EXPECT_TRUE(holds(index, question(i), static_cast<std::int64_t>(i % 77 + 1))) << i;
}

TEST(QuestionIndex, GivesEveryBlockOfAQuestionAndOfOthersWithTheSameTag) {
  QuestionIndex index(8);
  const core::Hash128 first{1, 0xabcdef0000000000};
  const core::Hash128 same_tag{2, 0xabcdef0000000001};
  index.add({{first}}, 3);
  index.add({{first}}, QuestionIndex::kMaxBlock);
  index.add({{same_tag}}, 9);
  std::vector<std::int64_t> blocks;
  index.candidates(first, blocks);
  EXPECT_EQ(blocks, (std::vector<std::int64_t>{3, QuestionIndex::kMaxBlock, 9}));
}

TEST(QuestionIndex, LeavesOutBlocksThatItCannotName) {
  QuestionIndex index(8);
  index.add({{question(1)}}, QuestionIndex::kMaxBlock + 1);
  EXPECT_EQ(index.size(), 0U);
}

}  // namespace
}  // namespace sluice::checkpoint
