#include "observe/meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;
using provider::Cause;
using testing::ElementsAre;
using testing::Pair;

void attempt(Observer& observer, std::uint32_t endpoint, Cause cause, core::Duration took) {
  provider::Outcome outcome;
  outcome.cause = cause;
  outcome.action = cause == Cause::none ? provider::Action::none : provider::Action::retry;
  observer.on(AttemptEnded{.endpoint = endpoint,
                           .sent = core::Time(1s),
                           .ended = core::Time(1s + took),
                           .outcome = outcome});
}

TEST(Meter, CountsHowLongAnswersTookAndWhyTheRestFailed) {
  Meter meter(2);
  attempt(meter, 0, Cause::none, 50ms);
  attempt(meter, 0, Cause::none, 700ms);
  attempt(meter, 0, Cause::none, 1h);
  attempt(meter, 1, Cause::timeout, 60s);
  attempt(meter, 1, Cause::rate_limit, 5ms);
  attempt(meter, 1, Cause::rate_limit, 5ms);
  attempt(meter, 1, Cause::cancelled, 5ms);
  const Meter::Counts counts = meter.counts();
  EXPECT_EQ(counts.endpoints[0].duration.count(), 3U);
  EXPECT_EQ(counts.endpoints[0].duration.counts.front(), 1U) << "a bound is within its bucket";
  EXPECT_EQ(counts.endpoints[0].duration.counts.back(), 1U);
  EXPECT_DOUBLE_EQ(counts.endpoints[0].duration.sum, 3600.75);
  EXPECT_TRUE(counts.endpoints[0].failures.empty());
  EXPECT_THAT(counts.endpoints[1].failures,
              ElementsAre(Pair(Cause::rate_limit, 2), Pair(Cause::timeout, 1)));
  EXPECT_EQ(counts.endpoints[1].duration.count(), 0U)
      << "what failed says nothing of how long an answer takes";
}

TEST(Observers, HandEachEventToEachAndAreNobodyWhereNobodyListens) {
  Observers none;
  EXPECT_EQ(none.get(), nullptr);
  Meter a(1), b(1);
  Observers one;
  one.add(nullptr);
  one.add(&a);
  EXPECT_EQ(one.get(), &a);
  Observers both;
  both.add(&a);
  both.add(&b);
  both.get()->on(Committed{.answered = 1, .took = 3ms});
  EXPECT_EQ(a.counts().commit_duration.count(), 1U);
  EXPECT_EQ(b.counts().commit_duration.count(), 1U);
}

}  // namespace
}  // namespace sluice::observe
