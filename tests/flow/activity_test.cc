#include "flow/activity.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(Activity, RestsWhenAllThatBeganHasEndedAndTheConditionHolds) {
  Activity activity;
  const auto rests = [&](bool holds) { return activity.rests([=] { return holds; }); };
  EXPECT_TRUE(rests(true));
  EXPECT_FALSE(rests(false));
  activity.begin();
  EXPECT_FALSE(rests(true));
  activity.begin();  // what follows, before the first has ended
  activity.end();
  EXPECT_FALSE(rests(true));
  activity.end();
  EXPECT_TRUE(rests(true));
}

TEST(Activity, DoesNotRestWhereSomethingRanMeanwhile) {
  Activity activity;
  EXPECT_FALSE(activity.rests([&] {
    activity.begin();
    activity.end();
    return true;
  })) << "the condition may have changed with it";
}

}  // namespace
}  // namespace sluice::flow
