// The life of a request, action by action.
#include "schedule/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"
#include "schedule/concurrency.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using Verdict = provider::Action;
using provider::Quota;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Scheduler, SendsWhatIsSubmittedInItsOrder) {
  Harness h({.endpoints = {endpoint("a")}, .first_attempt = 41});
  h.submit_many(1, 3);
  EXPECT_EQ(h.wake_in(), 0s);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Send& send = std::get<Send>(actions[i]);
    EXPECT_EQ(send.request, i + 1);
    EXPECT_EQ(send.attempt, 41 + i);
  }
  EXPECT_EQ(h.wake_in(), std::nullopt);
  for (RequestId id = 1; id <= 3; ++id) h.answer(id, success());
  EXPECT_THAT(h.words(), IsEmpty());
  const Snapshot end = h.scheduler.snapshot(h.now);
  EXPECT_EQ(end.waiting, 0U);
  EXPECT_EQ(end.in_flight, 0U);
}

TEST(Scheduler, APauseSendsNothingAndForgetsNothing) {
  Harness h({.endpoints = {endpoint("a", {}, 2)}, .deadline = core::Time(1h) + 60s});
  h.submit_many(1, 4);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 0"));
  h.scheduler.pause(true);
  EXPECT_TRUE(h.scheduler.snapshot(h.now).paused);
  h.answer(1, success());
  h.answer(2, failure(Verdict::retry, provider::Cause::timeout));
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_EQ(h.wake_in(), 60s) << "nothing but the deadline";
  h.now += 30s;
  h.scheduler.pause(false);
  EXPECT_FALSE(h.scheduler.snapshot(h.now).paused);
  EXPECT_EQ(h.wake_in(), 0s);
  EXPECT_EQ(h.poll().size(), 2U);
}

TEST(Scheduler, APauseEndsWithTheRun) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}, .deadline = core::Time(1h) + 60s});
  h.submit_many(1, 3);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.scheduler.pause(true);
  h.now += 60s;
  EXPECT_THAT(h.words(), ElementsAre("halt deadline", "release 2", "release 3"));
  Harness drained({.endpoints = {endpoint("a", {}, 1)}});
  drained.submit_many(1, 2);
  drained.scheduler.pause(true);
  drained.scheduler.drain();
  EXPECT_THAT(drained.words(), ElementsAre("release 1", "release 2"));
}

TEST(Scheduler, ABudgetThatIsRaisedInTimeHaltsNothing) {
  Config config{.endpoints = {endpoint("a", {}, 1)}, .budget = core::Money::picodollars(150)};
  config.endpoints[0].price.output = core::Money::picodollars(1);
  config.endpoints[0].max_output_tokens = 100;
  Harness h(std::move(config));
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.scheduler.set_budget(core::Money::picodollars(250));
  provider::Outcome full = success();
  full.usage.output = 100;
  h.answer(1, full);
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
}

TEST(Scheduler, APartOfABudgetThatMayGrowIsWaitedFor) {
  Config config{.endpoints = {endpoint("a", {}, 10)}, .budget = core::Money::picodollars(150)};
  config.endpoints[0].price.output = core::Money::picodollars(1);
  config.endpoints[0].max_output_tokens = 100;
  Harness h(std::move(config));
  h.scheduler.set_budget(core::Money::picodollars(50), {.may_grow = true});
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), IsEmpty()) << "no halt";
  EXPECT_EQ(h.wake_in(), std::nullopt);
  h.scheduler.set_budget(core::Money::picodollars(100), {.may_grow = true});
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.scheduler.set_budget(core::Money::picodollars(100));
  provider::Outcome full = success();
  full.usage.output = 100;
  h.answer(1, full);
  EXPECT_THAT(h.words(), ElementsAre("halt budget", "release 2"));
}

TEST(Scheduler, KeepsNoMoreInFlightThanTheLid) {
  Harness h({.endpoints = {endpoint("a", {}, 2)}});
  h.submit_many(1, 4);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 0"));
  EXPECT_EQ(h.wake_in(), std::nullopt) << "only an answer can help";
  h.answer(2, success());
  EXPECT_EQ(h.wake_in(), 0s);
  EXPECT_THAT(h.words(), ElementsAre("send 3 to 0"));
}

TEST(Scheduler, TheLidHasADefault) {
  Harness h({.endpoints = {endpoint("a", {{Quota::requests_per_minute, 1e6}})}});
  h.submit_many(1, 300);
  EXPECT_EQ(h.poll().size(), static_cast<std::size_t>(provider::kDefaultMaxConcurrency));
}

TEST(Scheduler, WithoutAQuotaItBeginsWithFewAndFindsTheRest) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit_many(1, 300);
  EXPECT_EQ(h.poll().size(), static_cast<std::size_t>(Concurrency::kStart));
  h.now += 200ms;
  for (RequestId id = 1; id <= Concurrency::kStart; ++id) h.answer(id, success());
  EXPECT_EQ(h.poll().size(), 2 * static_cast<std::size_t>(Concurrency::kStart));
}

TEST(Scheduler, WaitsForQuotaToTheNanosecond) {
  Harness h({.endpoints = {endpoint("a", {{Quota::requests_per_minute, 60}})}});
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  EXPECT_EQ(h.wake_in(), 950ms);
  h.now += 950ms - 1ns;
  EXPECT_THAT(h.words(), IsEmpty());
  h.now += 1ns;
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
}

TEST(Scheduler, ARetryWaitsItsBackOffAndHoldsNoSlot) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}});
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error, 500, 10s));
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0")) << "the slot is free while 1 waits";
  h.answer(2, success());
  ASSERT_TRUE(h.wake_in());
  EXPECT_GE(*h.wake_in(), 10s);
  EXPECT_LE(*h.wake_in(), 11s);
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
}

TEST(Scheduler, RetriesTakeTheirTurnAmongNewWorkByTheMomentTheyAreReady) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}});
  h.submit(1);
  h.poll();
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error, 500, 10s));
  h.submit(2);
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
  h.now += 20s;  // 1 became ready on the way
  h.submit(3);
  h.answer(2, success());
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.answer(1, success());
  EXPECT_THAT(h.words(), ElementsAre("send 3 to 0"));
}

TEST(Scheduler, AMoveGoesElsewhereNowAndCoolsTheEndpoint) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit(1);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.answer(1, failure(Verdict::move, provider::Cause::overloaded, 529));
  h.submit(2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 2 to 1"));
  const auto cooling = h.scheduler.snapshot(h.now).endpoints[0].cooling_until;
  ASSERT_TRUE(cooling);
  h.now = *cooling;
  h.submit(3);
  EXPECT_THAT(h.words(), ElementsAre("send 3 to 0"));
}

TEST(Scheduler, AMoveWithNoElsewhereWaitsItsBackOff) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit(1);
  h.poll();
  h.answer(1, failure(Verdict::move, provider::Cause::overloaded, 529));
  EXPECT_THAT(h.words(), IsEmpty());
  ASSERT_TRUE(h.wake_in());
  EXPECT_GT(*h.wake_in(), 0ms);
  EXPECT_LE(*h.wake_in(), 500ms);
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
}

TEST(Scheduler, GivesUpAfterItsAttemptsAndTellsTheirHistory) {
  Harness h({.endpoints = {endpoint("openai/x")}, .retry = {.attempts = 3}});
  h.submit(6);
  h.poll();
  h.answer(6, success());  // it works, so that a failure may be the request's fault
  h.submit(7);
  for (const provider::Cause cause : {provider::Cause::server_error, provider::Cause::timeout}) {
    EXPECT_THAT(h.words(), ElementsAre("send 7 to 0"));
    h.answer(7, failure(Verdict::retry, cause, 500));
    h.sleep();
  }
  EXPECT_THAT(h.words(), ElementsAre("send 7 to 0"));
  auto last = failure(Verdict::retry, provider::Cause::server_error, 500);
  last.message = "oops";
  h.answer(7, last);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  const core::Reject& reject = std::get<RejectRequest>(actions[0]).reject;
  EXPECT_EQ(reject.stage, core::Stage::dispatch);
  EXPECT_EQ(reject.reason, "retries_exhausted");
  EXPECT_EQ(reject.detail,
            "gave up after 3 attempts; the last: attempt 4 at openai/x: 500 server_error: oops (2 "
            "times)");
  EXPECT_THAT(reject.history, ElementsAre("attempt 4 at openai/x: 500 server_error: oops (2 times)",
                                          "attempt 3 at openai/x: 500 timeout"));
  EXPECT_EQ(h.wake_in(), std::nullopt);
}

TEST(Scheduler, ADeadRequestIsRejectedWithItsReasonAndEarlierFailures) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit(1);
  h.poll();
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error, 503));
  h.sleep();
  h.poll();
  auto dead = failure(Verdict::dead, provider::Cause::content_filter, 400);
  dead.message = "blocked";
  h.answer(1, dead);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  const core::Reject& reject = std::get<RejectRequest>(actions[0]).reject;
  EXPECT_EQ(reject.reason, "content_filter");
  EXPECT_EQ(reject.detail, "blocked");
  EXPECT_THAT(reject.history, ElementsAre("attempt 1 at a: 503 server_error"));
}

TEST(Scheduler, SplitsAPackAndAsksASingleRowOnceMore) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit(1, 400, 2);
  h.submit(2, 400, 1);
  h.poll();
  h.answer(1, failure(Verdict::split, provider::Cause::too_large, 400));
  h.answer(2, failure(Verdict::split, provider::Cause::too_large, 400));
  EXPECT_THAT(h.words(), ElementsAre("split 1 too_large"));
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
  h.answer(2, failure(Verdict::split, provider::Cause::too_large, 400));
  EXPECT_THAT(h.words(), ElementsAre("reject 2 too_large"));
  EXPECT_EQ(h.wake_in(), std::nullopt);
}

TEST(Scheduler, AnOutcomeOfNothingInFlightChangesNothing) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit_many(1, 2);
  h.poll();
  EXPECT_EQ(h.scheduler.answered(h.now, 1, h.attempts[2], success()), Taken::unknown);
  EXPECT_EQ(h.scheduler.answered(h.now, 7, h.attempts[2], success()), Taken::unknown);
  EXPECT_EQ(h.scheduler.answered(h.now, 2, h.attempts[2], success()), Taken::wanted);
  EXPECT_EQ(h.scheduler.answered(h.now, 2, h.attempts[2], success()), Taken::unknown);
  EXPECT_EQ(h.scheduler.snapshot(h.now).in_flight, 1U);
}

TEST(Scheduler, AStoppedEndpointLeavesItsWorkToTheOthers) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit_many(1, 2);
  h.poll();
  h.answer(1, failure(Verdict::stop, provider::Cause::auth, 401));
  h.submit(3);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 3 to 1"));
  const auto state = h.scheduler.snapshot(h.now).endpoints[0];
  EXPECT_TRUE(state.stopped);
  EXPECT_EQ(state.stop_reason, "auth");
}

TEST(Scheduler, HaltsWhenTheLastEndpointIsStoppedAndReleasesWhatWaits) {
  Harness h({.endpoints = {endpoint("a", {}, 1), endpoint("b", {}, 1)}, .route = Route::in_order});
  h.submit_many(1, 3);
  h.poll();
  auto no_credit = failure(Verdict::stop, provider::Cause::payment, 402);
  no_credit.message = "no credit left";
  h.answer(1, failure(Verdict::stop, provider::Cause::auth, 401));
  h.answer(2, no_credit);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 4U);
  EXPECT_EQ(std::get<Halt>(actions[0]).cause, HaltCause::endpoints);
  EXPECT_EQ(std::get<Halt>(actions[0]).message, "no endpoint is left: a: auth; b: no credit left");
  EXPECT_EQ(Harness::word(actions[1]), "release 3");
  EXPECT_EQ(Harness::word(actions[2]), "release 1");
  EXPECT_EQ(Harness::word(actions[3]), "release 2");
  EXPECT_EQ(h.wake_in(), std::nullopt);
}

TEST(Scheduler, AJobErrorHaltsAndInFlightAnswersAreStillTaken) {
  Harness h({.endpoints = {endpoint("a", {}, 2)}});
  h.submit_many(1, 3);
  h.poll();
  h.answer(1, failure(Verdict::job, provider::Cause::bad_request, 400));
  EXPECT_THAT(h.words(), ElementsAre("halt job", "release 3", "release 1"));
  h.answer(2, success());
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_EQ(h.scheduler.snapshot(h.now).in_flight, 0U);
}

TEST(Scheduler, AfterDrainNothingIsSentAndAFailedAttemptIsReleased) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}});
  h.submit_many(1, 2);
  h.poll();
  h.scheduler.drain();
  EXPECT_EQ(h.wake_in(), 0s);
  EXPECT_THAT(h.words(), ElementsAre("release 2"));
  EXPECT_EQ(h.wake_in(), std::nullopt);
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error));
  h.submit(3);
  EXPECT_THAT(h.words(), testing::UnorderedElementsAre("release 1", "release 3"));
}

TEST(Scheduler, NothingIsSentFromTheDeadlineOn) {
  Config config{.endpoints = {endpoint("a", {{Quota::requests_per_minute, 1}})}};
  config.deadline = core::Time{1h + 10s};
  Harness h(config);
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  EXPECT_EQ(h.wake_in(), 10s);
  h.sleep();
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<Halt>(actions[0]).cause, HaltCause::deadline);
  EXPECT_EQ(std::get<Halt>(actions[0]).message,
            "deadline reached with 2 requests open, 1 of them in flight");
  EXPECT_EQ(Harness::word(actions[1]), "release 2");
  EXPECT_EQ(h.wake_in(), std::nullopt);
  EXPECT_THAT(h.words(), IsEmpty()) << "a halt is told once";
}

TEST(Scheduler, SnapshotShowsMoneyAndEndpoints) {
  Config config{.endpoints = {endpoint("a", {{Quota::requests_per_minute, 6000}}, 5)}};
  config.endpoints[0].price = price(1, 2);
  config.spent = core::Money::picodollars(5);
  Harness h(config);
  h.submit_many(1, 2);
  h.poll();
  Snapshot s = h.scheduler.snapshot(h.now);
  const core::Money worst =
      core::Money::picodollars(1'000'000) * (400 + 64) + core::Money::picodollars(2'000'000) * 100;
  EXPECT_EQ(s.reserved, worst + worst);
  EXPECT_EQ(s.spent, core::Money::picodollars(5));
  EXPECT_EQ(s.endpoints[0].in_flight, 2);
  EXPECT_EQ(s.endpoints[0].cap, 5);
  h.answer(1, success(100, 50));
  s = h.scheduler.snapshot(h.now);
  EXPECT_EQ(s.reserved, worst);
  EXPECT_EQ(s.spent, core::Money::picodollars(5 + 100 * 1'000'000 + 50 * 2'000'000));
}

TEST(Scheduler, AHeldSlotIsTakenUntilItIsLetGo) {
  Config config;
  config.endpoints = {endpoint("a", {}, 2)};
  Harness h(config);
  h.submit_many(1, 4);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 0"));
  h.answer(1, success());
  h.scheduler.retain_slot(0);
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_EQ(h.wake_in(), std::nullopt);
  h.scheduler.release_slot(0, 1);
  EXPECT_THAT(h.words(), ElementsAre("send 3 to 0"));
}

TEST(Scheduler, AnEndpointThatWarmsUpGetsOneRequestUntilItHasLanded) {
  Config config;
  config.endpoints = {endpoint("a", {}, 3)};
  config.endpoints[0].warm_up = true;
  Harness h(config);
  h.submit_many(1, 4);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.answer(1, success());
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0", "send 3 to 0", "send 4 to 0"));
}

}  // namespace
}  // namespace sluice::schedule
