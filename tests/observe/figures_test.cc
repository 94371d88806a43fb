#include "observe/figures.h"

#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

TEST(Figures, CountsHaveThousandsSeparators) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1000), "1,000");
  EXPECT_EQ(count(1234567), "1,234,567");
}

TEST(Figures, RoundedHasThreeDigits) {
  EXPECT_EQ(rounded(0), "0");
  EXPECT_EQ(rounded(950.4), "950");
  EXPECT_EQ(rounded(999.6), "1.00 k");
  EXPECT_EQ(rounded(12345), "12.3 k");
  EXPECT_EQ(rounded(4.56e6), "4.56 M");
  EXPECT_EQ(rounded(123.4e9), "123 G");
}

TEST(Figures, PercentNeverClaimsTheEndsTooEarly) {
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(0.0004), "<1 %");
  EXPECT_EQ(percent(0.123), "12 %");
  EXPECT_EQ(percent(0.9999), "99 %");
  EXPECT_EQ(percent(1), "100 %");
}

TEST(Figures, DurationsAreRoundedToWhatMatters) {
  EXPECT_EQ(duration(800ms), "0.8 s");
  EXPECT_EQ(duration(42s), "42 s");
  EXPECT_EQ(duration(185s), "3 min 05 s");
  EXPECT_EQ(duration(2h + 7min + 20s), "2 h 07 min");
  EXPECT_EQ(duration(76h), "3 d 4 h");
}

}  // namespace
}  // namespace sluice::observe
