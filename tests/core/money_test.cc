#include "core/money.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(Money, ReadsDollarsExactly) {
  EXPECT_EQ(Money::parse("$1500"), Money::picodollars(1'500'000'000'000'000));
  EXPECT_EQ(Money::parse("0.000214"), Money::picodollars(214'000'000));
  EXPECT_EQ(Money::parse("$1,500.25"), Money::picodollars(1'500'250'000'000'000));
  EXPECT_EQ(Money::parse("0.000000000001"), Money::picodollars(1));
  EXPECT_EQ(Money::parse(".5"), Money::picodollars(500'000'000'000));
}

TEST(Money, RefusesWhatIsNoAmount) {
  for (const char* text :
       {"", "$", ".", "-1", "1e3", "1.2.3", "ten", "0.0000000000001", "99999999999", "+1", " 1"}) {
    EXPECT_FALSE(Money::parse(text).has_value()) << text;
  }
}

TEST(Money, ShowsCentsFromADollarUpAndTwoDigitsBelow) {
  EXPECT_EQ(Money().text(), "$0.00");
  EXPECT_EQ(Money::parse("1234.56")->text(), "$1,234.56");
  EXPECT_EQ(Money::parse("0.25")->text(), "$0.25");
  EXPECT_EQ(Money::parse("0.00314")->text(), "$0.0031");
  EXPECT_EQ(Money::parse("0.999")->text(), "$1.00");
  EXPECT_EQ((Money() - *Money::parse("2")).text(), "-$2.00");
}

TEST(Money, SaturatesInsteadOfWrapping) {
  EXPECT_EQ(Money::max() + Money::picodollars(1), Money::max());
  EXPECT_EQ(Money::picodollars(5'000'000'000) * 5'000'000'000u, Money::max());
}

}  // namespace
}  // namespace sluice::core
