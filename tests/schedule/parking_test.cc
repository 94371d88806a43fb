// Which requests go into batches, and which batches are given up for the deadline. What comes of these rules
// over whole runs: tests/simulate/batches_test.cc.
#include "schedule/parking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;
using testing::ElementsAre;
using testing::IsEmpty;

// 1,000 requests that online does in 1,000 seconds.
ParkingNeed need(double seconds) {
  return {.left = 1000, .parked = 0, .per_second = 1, .seconds = seconds, .usual = 600};
}

TEST(Parking, ParksAllWithoutADeadlineOrWithoutAnOnlineEndpoint) {
  EXPECT_TRUE(parks({.left = 1000, .per_second = 1}));
  EXPECT_TRUE(parks({.left = 1000, .per_second = 0, .seconds = 60}));
}

TEST(Parking, ParksAsMuchAsCanBeTakenBack) {
  ParkingNeed wide = need(2621);  // 1.3 · 1,000 and 600 and 720
  wide.left = 1;
  wide.parked = 999;
  EXPECT_TRUE(parks(wide));
  wide.seconds = 2619;
  EXPECT_FALSE(parks(wide));
}

TEST(Parking, LeavesTimeForWhatIsOnlineInTheMeantime) {
  ParkingNeed half = need(2000);
  half.usual = half.giving_up = 0;
  half.left = 1600;
  half.parked = 300;
  EXPECT_TRUE(parks(half)) << "1.3 · 301 + 1599";
  half.left = 1700;
  EXPECT_FALSE(parks(half));
}

TEST(Parking, NothingIsParkedThatWouldBeGivenUpAtOnce) {
  ParkingNeed just = need(4000);
  just.usual = 0;
  for (just.parked = 0; just.parked < 3000; just.parked += 100) {
    const std::vector<OpenBatch> open{{.lines = just.parked + 1}};
    if (!parks(just)) continue;
    EXPECT_THAT(late_batches(open, *just.left - 1, 1, 4000), IsEmpty()) << just.parked;
  }
}

TEST(Parking, ParksWhatCannotBeOnlineAtAllAndATwentiethMore) {
  ParkingNeed tight = need(600);
  tight.parked = 449;
  tight.left = 551;
  EXPECT_TRUE(parks(tight)) << "400 and 50 of 1,000";
  tight.parked = 450;
  tight.left = 550;
  EXPECT_FALSE(parks(tight));
  tight.seconds = 1000;
  tight.parked = 0;
  tight.left = 1000;
  EXPECT_FALSE(parks(tight)) << "online can do all";
}

TEST(Parking, WithoutAnOutlookParksWhatCanBeTakenBack) {
  ParkingNeed pipe = need(1500);
  pipe.left = std::nullopt;
  EXPECT_TRUE(parks(pipe));
  pipe.seconds = 1320;
  EXPECT_FALSE(parks(pipe));
}

TEST(Parking, NoBatchIsLateWhileAllCanBeAskedAgain) {
  const std::vector<OpenBatch> open{{.lines = 500}, {.lines = 500}};
  EXPECT_THAT(late_batches(open, 0, 1, 2021), IsEmpty());
}

TEST(Parking, TheBatchWithTheMostToDoIsGivenUpFirst) {
  const std::vector<OpenBatch> open{{.lines = 400}, {.lines = 600}};
  EXPECT_THAT(late_batches(open, 0, 1, 2019), ElementsAre(1));
}

TEST(Parking, ABatchThatWasGivenUpCountsAsOnlineAndIsNotGivenUpAgain) {
  const std::vector<OpenBatch> open{{.lines = 400}, {.lines = 600, .given_up = true}};
  EXPECT_THAT(late_batches(open, 0, 1, 1841), IsEmpty()) << "600 and 1.3 · 400";
  EXPECT_THAT(late_batches(open, 0, 1, 1839), ElementsAre(0));
}

TEST(Parking, NoMoreIsGivenUpThanTheOnlineEndpointsTakeSoon) {
  const std::vector<OpenBatch> open(10, {.lines = 1000});
  EXPECT_THAT(late_batches(open, 0, 1, 12'000), ElementsAre(0, 1)) << "they last for 1,020 s";
  EXPECT_THAT(late_batches(open, 1020, 1, 12'000), IsEmpty());
}

TEST(Parking, ABatchThatOnlineCouldNotDoInTimeIsKept) {
  const std::vector<OpenBatch> open{{.lines = 10}, {.lines = 500}};
  EXPECT_THAT(late_batches(open, 0, 1, 400), ElementsAre(0));
  EXPECT_THAT(late_batches(open, 0, 0, 400), IsEmpty());
  EXPECT_THAT(late_batches(open, 0, 1, 0), IsEmpty());
}

TEST(Parking, BatchesAreSmallerWhereThereIsLessTime) {
  EXPECT_EQ(lines_of_a_batch(50'000, std::nullopt), 50'000U);
  EXPECT_EQ(lines_of_a_batch(50'000, 24 * 3600), 10'000U);
  EXPECT_EQ(lines_of_a_batch(50'000, 3 * 3600), 2500U);
  EXPECT_EQ(lines_of_a_batch(50'000, -5), 1000U);
  EXPECT_EQ(lines_of_a_batch(200, 3600), 200U);
}

EndpointConfig batch_endpoint(double dollars = 1) {
  EndpointConfig config = endpoint("batch");
  config.batch = true;
  config.price = price(dollars, dollars);
  return config;
}

TEST(Parking, WhatIsParkedKeepsItsMoneyUntilItIsCollected) {
  Harness h({.endpoints = {batch_endpoint()}, .budget = core::Money::from_dollars(1)});
  h.submit(1);
  const std::vector<Action> actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  const Park park = std::get<Park>(actions[0]);
  EXPECT_EQ(h.scheduler.snapshot(h.now).reserved, park.worst_cost);
  EXPECT_EQ(h.scheduler.snapshot(h.now).parked_cost, park.worst_cost);
  h.scheduler.collected(0, 1, park.worst_cost, core::Money::picodollars(7));
  const Snapshot after = h.scheduler.snapshot(h.now);
  EXPECT_EQ(after.reserved, core::Money());
  EXPECT_EQ(after.spent, core::Money::picodollars(7));
  EXPECT_EQ(after.endpoints[0].parked, 0U);
}

TEST(Parking, ARequestThatStoodInTwoBatchesGoesOnline) {
  Harness h({.endpoints = {batch_endpoint(), endpoint("online")}});
  h.scheduler.submitted(h.now, {.id = 1, .prompt_bytes = 400, .batches = 1});
  h.scheduler.submitted(h.now, {.id = 2, .prompt_bytes = 400, .batches = 2});
  EXPECT_THAT(h.words(), ElementsAre("park 1 at 0", "send 2 to 1"));
}

TEST(Parking, TheCheapestBatchEndpointThatStillParksIsTaken) {
  Harness h({.endpoints = {batch_endpoint(2), batch_endpoint(1)}});
  h.submit(1);
  h.scheduler.stop_parking(1, "gone");
  h.submit(2);
  EXPECT_THAT(h.words(), ElementsAre("park 1 at 1", "park 2 at 0"));
}

TEST(Parking, AtTheDeadlineTheHaltSaysWhatStandsInBatches) {
  Harness h({.endpoints = {batch_endpoint()}, .deadline = core::Time(1h) + 1min});
  h.submit_many(1, 2);
  h.poll();
  h.now += 1min;
  const std::vector<Action> actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(std::get<Halt>(actions[0]).message,
            "deadline reached with 0 requests open, 0 of them in flight; 2 more stand in batches "
            "that have "
            "not ended, which the next run collects");
}

TEST(Parking, SaysWhatCannotBeAskedBeforeTheDeadline) {
  Harness h(
      {.endpoints = {batch_endpoint(), endpoint("online", {{Quota::requests_per_minute, 60}})},
       .deadline = core::Time(1h) + 10s});
  for (RequestId id = 1; id <= 5; ++id)
    h.scheduler.submitted(h.now, {.id = id, .prompt_bytes = 400, .batches = 2});
  EXPECT_EQ(h.scheduler.snapshot(h.now).beyond_deadline, "");
  for (RequestId id = 6; id <= 30; ++id)
    h.scheduler.submitted(h.now, {.id = id, .prompt_bytes = 400, .batches = 2});
  EXPECT_EQ(
      h.scheduler.snapshot(h.now).beyond_deadline,
      "about 20 requests cannot be asked before the deadline: 30 wait, and the endpoints take 1 a "
      "second for another 10 s; the next run goes on with what is left");
}

TEST(Parking, WhatStandsInBatchesMayStillEndInTime) {
  EndpointConfig batch = batch_endpoint();
  batch.parked = 100;
  Harness h({.endpoints = {batch, endpoint("online", {{Quota::requests_per_minute, 60}})},
             .deadline = core::Time(1h) + 10s});
  h.scheduler.submitted(h.now, {.id = 1, .prompt_bytes = 400, .batches = 2});
  EXPECT_EQ(h.scheduler.snapshot(h.now).beyond_deadline,
            "about 91 requests cannot be asked before the deadline unless batches end in time: 1 "
            "wait, 100 "
            "stand in batches, and the endpoints take 1 a second for another 10 s; the next run "
            "goes on with "
            "what is left");
}

}  // namespace
}  // namespace sluice::schedule
