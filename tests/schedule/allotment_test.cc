// Which endpoints are bought from, as arithmetic.
#include "schedule/allotment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace sluice::schedule {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

constexpr double kAll = std::numeric_limits<double>::infinity();

Offer sells(double cost, double per_second, double slowest = 0) {
  return {.cost = cost, .per_second = per_second, .at_most = per_second, .slowest = slowest};
}

std::vector<double> shares(std::vector<Offer> offers, Need need) {
  return allot(offers, need).per_second;
}

TEST(Allotment, TheCheapestAloneWhereItIsDoneInTime) {
  const Allotted out =
      allot(std::vector{sells(2, 100), sells(1, 10)}, {.requests = 900, .seconds = 100});
  EXPECT_THAT(out.per_second, ElementsAre(0, kAll));
  EXPECT_EQ(out.urgency, Urgency::none);
}

TEST(Allotment, TheNextGetsWhatIsMissingEvenlyOverTheTime) {
  const Allotted out = allot(std::vector{sells(1, 10), sells(2, 100), sells(4, 1000)},
                             {.requests = 3000, .seconds = 100});
  EXPECT_THAT(out.per_second, ElementsAre(kAll, DoubleNear(20, 1e-9), 0));
  EXPECT_EQ(out.urgency, Urgency::some);
}

TEST(Allotment, TheMarginIsKeptByTheLastOneAlone) {
  EXPECT_THAT(
      shares({sells(1, 10), sells(2, 100)}, {.requests = 3000, .seconds = 100, .margin = 20}),
      ElementsAre(kAll, DoubleNear(25, 1e-9)));
}

TEST(Allotment, ThoseOfOnePriceAreBoughtTogether) {
  EXPECT_THAT(shares({sells(1, 10), sells(1.001, 5), sells(2, 30), sells(2, 10)},
                     {.requests = 1900, .seconds = 100}),
              ElementsAre(kAll, kAll, DoubleNear(3, 1e-9), DoubleNear(1, 1e-9)));
}

TEST(Allotment, AnAnswerThatWouldComeTooLateIsNotBought) {
  EXPECT_THAT(shares({sells(1, 10, 60), sells(2, 100, 1)}, {.requests = 100, .seconds = 50}),
              ElementsAre(0, kAll));
  EXPECT_THAT(shares({sells(1, 10, 60)}, {.requests = 100, .seconds = 50}), ElementsAre(kAll))
      << "there is nothing else";
}

TEST(Allotment, AllOfThemWhereAllOfThemAreTooSlow) {
  const Allotted out = allot(std::vector{sells(1, 10), sells(2, 10), sells(3, 10)},
                             {.requests = 4000, .seconds = 100});
  EXPECT_THAT(out.per_second, ElementsAre(kAll, kAll, DoubleNear(20, 1e-9)))
      << "the dearest as fast as would do, but no faster";
  EXPECT_EQ(out.urgency, Urgency::too_late);
}

TEST(Allotment, AllOfThemWhereNobodyKnowsHowMuchIsLeft) {
  const Allotted out = allot(std::vector{sells(1, 10), sells(2, 10)}, {.seconds = 100});
  EXPECT_THAT(out.per_second, ElementsAre(kAll, kAll));
  EXPECT_EQ(out.urgency, Urgency::unknown);
}

TEST(Allotment, WithoutADeadlineTheCheapestThatIsThere) {
  std::vector<Offer> offers = {sells(1, 1), sells(2, 100), sells(3, 100)};
  EXPECT_THAT(shares(offers, {.requests = 1e9}), ElementsAre(kAll, 0, 0));
  offers[0].usable = false;
  EXPECT_THAT(shares(offers, {.requests = 1e9}), ElementsAre(kAll, kAll, 0))
      << "the first is tried again";
  offers[1].usable = offers[2].usable = false;
  EXPECT_THAT(shares(offers, {}), ElementsAre(kAll, kAll, kAll));
}

// The cheap one may turn out to do all of it. The dear one waits to see as long as it could still do
// the work itself.
TEST(Allotment, DearOnesWaitForTheCheapToBeMeasuredAsLongAsThatIsSafe) {
  const Offer unknown{.cost = 1, .per_second = 1, .at_most = 50};
  Need need{.requests = 1000, .seconds = 100, .measuring = 10};
  EXPECT_THAT(shares({unknown, sells(2, 20)}, need), ElementsAre(kAll, 0));
  EXPECT_THAT(shares({unknown, sells(2, 12)}, need), ElementsAre(kAll, DoubleNear(9, 1e-9)))
      << "(100 - 10) * 0.8 seconds would not be enough";
  need.measuring = 0;
  EXPECT_THAT(shares({unknown, sells(2, 12)}, need), ElementsAre(kAll, 0));
}

TEST(Allotment, OneThatIsBrokenCountsForNothingAndIsTried) {
  Offer broken = sells(1, 100);
  broken.usable = false;
  EXPECT_THAT(shares({broken, sells(2, 20)}, {.requests = 1000, .seconds = 100}),
              ElementsAre(kAll, kAll));
}

}  // namespace
}  // namespace sluice::schedule
