// Hedging, and other ways in which one request meets two endpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"
#include "schedule/breaker.h"
#include "schedule/latency.h"
#include "schedule/retry.h"
#include "simulate/simulator.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;
using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = provider::Action;

// Two endpoints of which the first has answered `answers` requests in a second each.
Harness seasoned(Config config, RequestId answers = 200) {
  config.hedge = true;
  config.route = Route::in_order;
  Harness h(std::move(config));
  for (RequestId id = 1; id <= answers; ++id) {
    h.submit(1'000'000 + id);
    h.poll();
    h.now += 1s;
    h.answer(1'000'000 + id, success());
  }
  return h;
}

TEST(HedgeTest, AsksTheSlowTailASecondTimeElsewhereAndTakesTheFirstAnswer) {
  Harness h = seasoned({.endpoints = {endpoint("a"), endpoint("b")}});
  h.submit(1);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  const AttemptId first = h.attempts[1];
  EXPECT_GE(*h.wake_in(), 1s);
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1"));
  EXPECT_EQ(h.scheduler.snapshot(h.now).in_flight, 2U);
  EXPECT_TRUE(h.answer(1, success()));
  EXPECT_THAT(h.words(), ElementsAre("cancel 1 at 0"));
  EXPECT_EQ(
      h.scheduler.answered(h.now, 1, first, failure(Verdict::retry, provider::Cause::cancelled, 0)),
      Taken::unwanted);
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_EQ(h.scheduler.snapshot(h.now).in_flight, 0U);
}

TEST(HedgeTest, TheSlowerAnswerIsBookedAndDropped) {
  Config config{.endpoints = {endpoint("a"), endpoint("b")}};
  config.endpoints[0].price = config.endpoints[1].price = price(1, 1);
  Harness h = seasoned(std::move(config));
  const core::Money before = h.scheduler.snapshot(h.now).spent;
  h.submit(1);
  h.poll();
  const AttemptId first = h.attempts[1];
  h.sleep();
  h.poll();
  EXPECT_EQ(h.scheduler.answered(h.now, 1, first, success(100, 100)), Taken::wanted);
  h.poll();
  EXPECT_FALSE(h.answer(1, success(100, 100)));
  EXPECT_EQ(h.scheduler.snapshot(h.now).spent - before, core::Money::picodollars(400'000'000));
}

TEST(HedgeTest, AFailureOfOneAttemptLeavesTheOtherInFlight) {
  Harness h = seasoned({.endpoints = {endpoint("a"), endpoint("b")}});
  h.submit(1);
  h.poll();
  const AttemptId first = h.attempts[1];
  h.sleep();
  h.poll();
  h.scheduler.answered(h.now, 1, first, failure(Verdict::retry, provider::Cause::timeout, 0));
  EXPECT_THAT(h.words(), IsEmpty()) << "no third attempt";
  EXPECT_TRUE(h.answer(1, success()));
  EXPECT_THAT(h.words(), IsEmpty()) << "nothing is left to cancel";
}

TEST(HedgeTest, NeverPassesTheBudget) {
  Config config{.endpoints = {endpoint("a"), endpoint("b")}};
  for (auto& e : config.endpoints) e.price = price(1, 1);
  config.budget =
      core::Money::picodollars(200 * 200'000'000LL + 700'000'000);  // and one and a half
  Harness h = seasoned(std::move(config));
  h.submit(1);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.now += 1min;
  EXPECT_THAT(h.words(), IsEmpty());
}

TEST(HedgeTest, AddsAtMostFivePercent) {
  simulate::ServerSpec model;
  model.latency = 1s;
  model.latency_spread = 1.5;
  const auto ample = {std::pair(Quota::requests_per_minute, 1e6)};
  Config config{.endpoints = {endpoint("a", ample, 5000), endpoint("b", ample, 5000)}};
  config.hedge = true;
  const auto report = simulate::simulate(config, {{model, model}}, {.requests = 20'000}, 1);
  EXPECT_EQ(report.answered, 20'000U);
  EXPECT_GT(report.sent, 20'200U);
  EXPECT_LE(report.sent, 21'030U);
}

TEST(HedgeTest, IsOffUnlessAskedFor) {
  const simulate::ServerSpec model;
  const auto report = simulate::simulate({.endpoints = {endpoint("a"), endpoint("b")}},
                                         {{model, model}}, {.requests = 2000}, 1);
  EXPECT_EQ(report.sent, 2000U);
}

// A 429 or 5xx retries elsewhere now, if there is an elsewhere.
TEST(Elsewhere, AServerErrorIsRetriedElsewhereAtOnce) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit(1);
  h.poll();
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error));
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1"));
}

TEST(Elsewhere, WhatFindsItTakenWaitsItsBackOffAndHoldsUpNobody) {
  Harness h({.endpoints = {endpoint("a", {}, 2), endpoint("b", {}, 1)}, .route = Route::in_order});
  h.submit_many(1, 2);
  h.poll();  // both at a, b is free
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error));
  h.answer(2, failure(Verdict::retry, provider::Cause::server_error));
  h.submit(3);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 3 to 0")) << "2 finds b taken";
  h.answer(3, success());
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
}

TEST(Elsewhere, AnOpenBreakerSendsTheRequestsElsewhere) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  for (RequestId id = 1; id <= Breaker::kRow; ++id) {
    h.submit(id);
    h.poll();
    h.answer(id, failure(Verdict::retry, provider::Cause::server_error));
    h.poll();
    h.answer(id, success());
  }
  EXPECT_EQ(h.scheduler.snapshot(h.now).endpoints[0].breaker, BreakerState::open);
  h.submit(100);
  EXPECT_THAT(h.words(), ElementsAre("send 100 to 1"));
}

// A server that cannot be reached says nothing about the request.
TEST(Elsewhere, AnEndpointThatCannotBeReachedDoesNotUseUpTheAttempts) {
  Harness h({.endpoints = {endpoint("a")}, .retry = {.attempts = 2}});
  h.submit(1);
  for (int i = 0; i < 20; ++i) {
    while (h.words() != std::vector<std::string>{"send 1 to 0"}) h.sleep();
    h.answer(1, failure(Verdict::move, provider::Cause::unreachable, 0));
  }
}

TEST(Weights, DecideTheSharesOfASpread) {
  Config config{.endpoints = {endpoint("a"), endpoint("b"), endpoint("c")}, .route = Route::spread};
  config.endpoints[0].weight = 3;
  Harness h(std::move(config));
  std::array<int, 3> sent{};
  for (RequestId id = 1; id <= 1000; ++id) {
    h.submit(id);
    for (const Action& action : h.poll()) ++sent[std::get<Send>(action).endpoint];
    h.answer(id, success());
  }
  EXPECT_THAT(sent, ElementsAre(600, 200, 200));
}

TEST(Deadline, GoesWhereTheAnswerStillComesInTime) {
  Config config{.endpoints = {endpoint("slow"), endpoint("fast")}, .route = Route::in_order};
  const core::Time start{1h};
  config.deadline = start + 1h;
  Harness h(std::move(config));
  for (RequestId id = 1; id <= 64; ++id) {
    h.submit(id);
    h.poll();
    h.now += 20s;
    h.answer(id, success());
  }
  h.now = start + 1h - 5s;
  h.submit(100);
  EXPECT_THAT(h.words(), ElementsAre("send 100 to 1"));
}

TEST(LatencyTest, TellsMedianAndTailOfTheLatestAnswers) {
  Latency latency;
  for (int i = 1; i <= 29; ++i) latency.add(1s);
  EXPECT_EQ(latency.median(), std::nullopt);
  for (int i = 0; i < 67; ++i) latency.add(1s);
  for (int i = 0; i < 16; ++i) latency.add(10s);
  EXPECT_GE(*latency.median(), 1s);
  EXPECT_LE(*latency.median(), 1100ms);
  EXPECT_GE(*latency.tail(), 10s);
  EXPECT_LE(*latency.tail(), 11s);
  for (int i = 0; i < 20'000; ++i) latency.add(100ms);
  EXPECT_LE(*latency.tail(), 110ms) << "the past fades";
}

TEST(RetryBudgetTest, LetsARepeatGoForEachAnswerAndTenASecondBeside) {
  RetryBudget budget;
  const core::Time now{1h};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(budget.take(now), now) << "what was saved up";
  EXPECT_EQ(budget.take(now), now);
  EXPECT_EQ(budget.take(now), now + 100ms);
  EXPECT_EQ(budget.take(now), now + 200ms);
  budget.answered();
  EXPECT_EQ(budget.take(now), now);
  EXPECT_EQ(budget.take(now), now + 300ms);
}

}  // namespace
}  // namespace sluice::schedule
