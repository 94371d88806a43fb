#include "stages/pack_size.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::stages {
namespace {

// Replies to packs of the present size, `lost` rows of each without an answer.
void reply_to(PackSize& size, int packs, std::size_t lost, std::uint64_t tokens_a_row = 10) {
  for (int i = 0; i < packs; ++i) {
    const PackSize::Size now = size.now();
    const auto asked = static_cast<std::size_t>(now.rows);
    size.answered({.asked = asked,
                   .answered = asked - std::min(asked, lost),
                   .output_tokens = tokens_a_row * asked,
                   .epoch = now.epoch});
  }
}

TEST(PackSize, BeginsAtWhatThePipelineAllows) {
  EXPECT_EQ(PackSize(20).now().rows, 20);
  EXPECT_EQ(PackSize(1).now().rows, 1);
}

// Replies of a model that answers `can` rows of a pack at most.
void reply_within(PackSize& size, int packs, std::size_t can) {
  for (int i = 0; i < packs; ++i) {
    const PackSize::Size now = size.now();
    const auto asked = static_cast<std::size_t>(now.rows);
    size.answered({.asked = asked,
                   .answered = std::min(asked, can),
                   .output_tokens = 10 * asked,
                   .epoch = now.epoch});
  }
}

TEST(PackSize, ShrinksToWhatTheModelAnswersAndGrowsWithIt) {
  PackSize size(20);
  reply_within(size, PackSize::kWindowPacks, 12);
  EXPECT_EQ(size.now().rows, 15);
  reply_within(size, 3 * PackSize::kWindowPacks, 12);
  EXPECT_EQ(size.now().rows, 11);
  reply_within(size, 40 * PackSize::kWindowPacks, 20);
  EXPECT_EQ(size.now().rows, 20);
}

TEST(PackSize, LossesThatSmallerPacksHaveTooDoNotShrinkIt) {
  PackSize size(20);
  std::mt19937 random(1);
  int at_the_cap = 0;
  constexpr int kPacks = 100'000;
  for (int i = 0; i < kPacks; ++i) {
    const PackSize::Size now = size.now();
    const auto asked = static_cast<std::size_t>(now.rows);
    const bool spoilt = random() % 100 < 15;
    size.answered({.asked = asked,
                   .answered = spoilt ? 0 : asked,
                   .output_tokens = 10 * asked,
                   .epoch = now.epoch});
    if (now.rows == 20) ++at_the_cap;
  }
  EXPECT_GE(at_the_cap, kPacks * 9 / 10) << "a trial in a while";
}

TEST(PackSize, ABadReplyInAWhileChangesNothing) {
  PackSize size(20);
  for (int i = 0; i < 50; ++i) {
    reply_to(size, 1, 10);
    reply_to(size, PackSize::kWindowPacks - 1, 0);
    EXPECT_EQ(size.now().rows, 20);
  }
}

TEST(PackSize, PacksOfAnEarlierSizeTeachNothing) {
  PackSize size(20);
  const PackSize::Size old = size.now();
  reply_within(size, PackSize::kWindowPacks, 12);
  EXPECT_EQ(size.now().rows, 15);
  for (int i = 0; i < 100; ++i)
    size.answered({.asked = 20, .answered = 0, .output_tokens = 0, .epoch = old.epoch});
  EXPECT_EQ(size.now().rows, 15);
}

TEST(PackSize, FallsToOneRowForAModelThatAnswersOne) {
  PackSize size(20);
  reply_within(size, 40 * PackSize::kWindowPacks, 1);
  EXPECT_LE(size.now().rows, 2);
  reply_to(size, 40 * PackSize::kWindowPacks, 100);
  EXPECT_GE(size.now().rows, 1);
}

TEST(PackSize, AModelThatAnswersTwelveRowsAtMostGetsAboutTwelve) {
  PackSize size(40);
  std::mt19937 random(1);
  int settled = 0;
  for (int window = 0; window < 200; ++window) {
    for (int i = 0; i < PackSize::kWindowPacks; ++i) {
      const PackSize::Size now = size.now();
      const auto asked = static_cast<std::size_t>(now.rows);
      size.answered({.asked = asked,
                     .answered = std::min<std::size_t>(asked, 11 + random() % 3),
                     .output_tokens = 10 * asked,
                     .epoch = now.epoch});
    }
    if (window >= 50 && size.now().rows >= 9 && size.now().rows <= 15) ++settled;
  }
  EXPECT_GE(settled, 145) << "of 150 windows";
}

TEST(PackSize, TheAnswersOfAPackStayBelowTheOutputBound) {
  PackSize size(100, 4000);
  EXPECT_EQ(size.now().rows, 50) << "64 tokens a row until the first answer, and a quarter more";
  reply_to(size, 5, 0, 200);
  EXPECT_EQ(size.now().rows, 16);
  reply_to(size, 500, 0, 20);
  EXPECT_EQ(size.now().rows, 100);
  PackSize long_answers(100, 100);
  reply_to(long_answers, 10, 0, 5000);
  EXPECT_EQ(long_answers.now().rows, 1);
}

}  // namespace
}  // namespace sluice::stages
