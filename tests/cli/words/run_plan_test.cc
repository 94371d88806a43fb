#include "words/run_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::words {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunPlan planned() {
  return {.seconds = 600,
          .seconds_high = 700,
          .dollars = 10,
          .dollars_high = 12,
          .priced = true,
          .json = {}};
}

observe::View at(seconds elapsed, seconds left) {
  observe::View view;
  view.elapsed = elapsed;
  view.left = left;
  return view;
}

std::vector<observe::Limit> by_quota() {
  return {{.kind = observe::LimitKind::quota,
           .endpoint = "eu",
           .quota = "requests per minute",
           .figure = 600,
           .share = 0.9}};
}

TEST(PlanWatch, SaysNothingWhileARunKeepsToItsPlan) {
  PlanWatch watch(planned(), core::Money());
  EXPECT_THAT(watch.look(at(seconds(300), seconds(400)), by_quota()), IsEmpty());
  EXPECT_THAT(watch.look(at(seconds(300), seconds(469)), by_quota()), IsEmpty())
      << "a tenth above the bound";
}

TEST(PlanWatch, SaysOnceThatItTakesLongerAndWhatBinds) {
  PlanWatch watch(planned(), core::Money());
  EXPECT_THAT(watch.look(at(seconds(5), seconds(5000)), {}), IsEmpty()) << "too soon to say";
  EXPECT_THAT(watch.look(at(seconds(300), seconds(900)), by_quota()),
              ElementsAre(testing::AllOf(HasSubstr("will take about 20 min"),
                                         HasSubstr("10 min 00 s were planned"),
                                         HasSubstr("eu: its requests per minute were used up"))));
  EXPECT_THAT(watch.look(at(seconds(310), seconds(900)), by_quota()), IsEmpty());
}

TEST(PlanWatch, SaysThatTheDeadlineWillNotHoldEvenWithoutAPlan) {
  PlanWatch watch(std::nullopt, core::Money());
  observe::View view = at(seconds(60), seconds(3600));
  view.until_deadline = seconds(1200);
  EXPECT_THAT(watch.look(view, by_quota()),
              ElementsAre(HasSubstr("will end about 40 min 00 s after the deadline: eu: ")));
  EXPECT_THAT(watch.look(view, by_quota()), IsEmpty());
}

TEST(PlanWatch, SaysThatItCostsMoreThanWasPlannedForThisRun) {
  PlanWatch watch(planned(), *core::Money::from_dollars(100));
  observe::View view = at(seconds(100), seconds(400));
  view.projected = core::Money::from_dollars(113);
  EXPECT_THAT(watch.look(view, {}), IsEmpty())
      << "13 of its own, which is less than a tenth above 12";
  view.projected = core::Money::from_dollars(120);
  EXPECT_THAT(watch.look(view, {}),
              ElementsAre(HasSubstr("will cost about $20.00, and $10.00 were planned")));
}

TEST(PlanWatch, IsQuietWhenTheRunIsStopping) {
  PlanWatch watch(planned(), core::Money());
  observe::View view = at(seconds(300), seconds(9000));
  view.stopping = true;
  EXPECT_THAT(watch.look(view, {}), IsEmpty());
}

}  // namespace
}  // namespace sluice::words
