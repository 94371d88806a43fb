#include "stages/text_tokens.h"

#include <gtest/gtest.h>

namespace sluice::stages {
namespace {

TEST(TextTokens, PresumesShortTokensUntilTheFirstReply) {
  const TextTokens texts(300'000, 8'192);
  EXPECT_FALSE(texts.known());
  EXPECT_EQ(texts.pack_bytes(), 900'000u);
  EXPECT_GE(texts.safe_bytes(), 8'192u) << "a token has at least a byte";
  EXPECT_LT(texts.safe_bytes(), 3 * 8'192u);
}

TEST(TextTokens, FillsAPackToALittleBelowTheLimitOnceTokensAreKnown) {
  TextTokens texts(300'000, 8'192);
  for (int i = 0; i < 20; ++i) texts.counted(500, 1'000'000, 230'000);
  const double full = 300'000 * 1e6 / 230'000;
  EXPECT_LT(static_cast<double>(texts.pack_bytes()), full);
  EXPECT_GT(static_cast<double>(texts.pack_bytes()), 0.98 * full);
}

TEST(TextTokens, LeavesMoreRoomWhereTextsStray) {
  TextTokens even(300'000, 0);
  TextTokens uneven(300'000, 0);
  for (int i = 0; i < 20; ++i) {
    even.counted(100, 100'000, 25'000);
    uneven.counted(100, 100'000, i % 2 == 0 ? 20'000 : 30'000);
  }
  EXPECT_LT(static_cast<double>(uneven.pack_bytes()), 0.9 * static_cast<double>(even.pack_bytes()));
}

TEST(TextTokens, TakesARefusalForShorterTokensOnceAndOnlyWhereItCanBeTheSum) {
  TextTokens texts(300'000, 0);
  for (int i = 0; i < 20; ++i) texts.counted(500, 1'000'000, 250'000);
  const std::size_t before = texts.pack_bytes();
  texts.refused(10'000);
  EXPECT_EQ(texts.pack_bytes(), before) << "far from the limit: a single text was to blame";
  texts.refused(before);
  const std::size_t after = texts.pack_bytes();
  EXPECT_LT(after, 0.92 * static_cast<double>(before));
  texts.refused(before);
  EXPECT_EQ(texts.pack_bytes(), after) << "packs of one size are refused for one reason";
}

TEST(TextTokens, KnowsNoLimitOfATextWhereTheServiceHasNone) {
  EXPECT_EQ(TextTokens(1'000, 0).safe_bytes(), SIZE_MAX);
}

}  // namespace
}  // namespace sluice::stages
