// What bound a run: claimed only where most looks agree.
#include "observe/limit_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

Sample waiting(EndpointSample endpoint) {
  Sample sample;
  sample.waiting = 100;
  sample.cores = 2;
  sample.endpoints.push_back(std::move(endpoint));
  return sample;
}

EndpointSample endpoint() {
  EndpointSample e;
  e.name = "eu";
  e.in_flight = 20;
  e.cap = 256;
  e.max_concurrency = 256;
  e.quota = "requests per minute";
  return e;
}

std::vector<Limit> after(int times, const Sample& sample, int others = 0,
                         const Sample& other = {}) {
  LimitTally tally;
  for (int i = 0; i < times; ++i) tally.add(sample);
  for (int i = 0; i < others; ++i) tally.add(other);
  return tally.limits();
}

TEST(LimitTally, NamesAQuotaThatIsUsedUp) {
  EndpointSample e = endpoint();
  e.quota_used = 0.99;
  const auto limits = after(90, waiting(e), 10, waiting(endpoint()));
  ASSERT_THAT(limits, ElementsAre(Field(&Limit::kind, LimitKind::quota)));
  EXPECT_EQ(limit_text(limits[0]),
            "eu: its requests per minute were used up 90 % of the time; more rows a request "
            "(s.pack), a higher quota or another endpoint would be faster");
}

TEST(LimitTally, TellsTheConcurrencyOfTheFileFromTheLearnedOne) {
  EndpointSample e = endpoint();
  e.in_flight = e.cap = 256;
  EXPECT_THAT(after(20, waiting(e)), ElementsAre(Field(&Limit::kind, LimitKind::concurrency)));
  e.in_flight = e.cap = 32;
  const auto limits = after(20, waiting(e));
  ASSERT_THAT(limits, ElementsAre(Field(&Limit::kind, LimitKind::learned_concurrency)));
  EXPECT_EQ(limits[0].figure, 32);
}

TEST(LimitTally, NamesARateThatNoServerStates) {
  EndpointSample e = endpoint();
  e.learned_per_minute = 600;
  const auto limits = after(20, waiting(e));
  ASSERT_THAT(limits, ElementsAre(Field(&Limit::kind, LimitKind::learned_rate)));
  EXPECT_THAT(limit_text(limits[0]),
              testing::StartsWith("eu: it took about 600 requests per minute"));
}

TEST(LimitTally, NamesTheMachineOnlyWhileNothingWaitsToBeSent) {
  Sample busy = waiting(endpoint());
  busy.busy_cores = 1.9;
  EXPECT_THAT(after(20, busy), IsEmpty());
  busy.waiting = 0;
  EXPECT_THAT(after(20, busy), ElementsAre(Field(&Limit::kind, LimitKind::processor)));
  busy.input_complete = true;  // the last answers are waited for
  EXPECT_THAT(after(20, busy), IsEmpty());
}

TEST(LimitTally, ClaimsNothingFromFewLooksOrMixedOnes) {
  EndpointSample e = endpoint();
  e.quota_used = 1;
  EXPECT_THAT(after(14, waiting(e)), IsEmpty());
  EXPECT_THAT(after(50, waiting(e), 50, waiting(endpoint())), IsEmpty());
  e.usable = false;
  EXPECT_THAT(after(50, waiting(e)), IsEmpty());
}

}  // namespace
}  // namespace sluice::observe
