// Where requests go, and how size, money and waiting decide it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "harness.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using Verdict = provider::Action;
using provider::Quota;
using testing::ElementsAre;
using testing::IsEmpty;

EndpointConfig priced(EndpointConfig config, double input, double output) {
  config.price = price(input, output);
  return config;
}

TEST(Route, CheapestGoesByExpectedCostAndSpillsToTheNext) {
  Harness h({.endpoints = {priced(endpoint("dear", {}, 1), 3, 15),
                           priced(endpoint("cheap", {}, 2), 0.1, 0.4),
                           priced(endpoint("middle", {}, 1), 1, 5)}});
  h.submit_many(1, 5);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 2 to 1", "send 3 to 2", "send 4 to 0"));
}

TEST(Route, CheapestWeighsInputAndOutputAsTheRequestNeedsThem) {
  Harness h(
      {.endpoints = {priced(endpoint("cheap in"), 1, 10), priced(endpoint("cheap out"), 2, 1)}});
  h.submit(1, 40'000);  // 10,000 tokens in, 100 out
  h.submit(2, 40);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 1"));
}

TEST(Route, InOrderTakesTheFirstThatCan) {
  Harness h({.endpoints = {priced(endpoint("a", {{Quota::requests_per_minute, 60}}), 9, 9),
                           endpoint("b", {}, 1), endpoint("c")},
             .route = Route::in_order});
  h.submit_many(1, 3);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 1", "send 3 to 2"));
}

TEST(Route, SpreadGoesInTurn) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b"), endpoint("c")}, .route = Route::spread});
  h.submit_many(1, 6);
  std::map<EndpointId, int> sent;
  for (const auto& action : h.poll()) ++sent[std::get<Send>(action).endpoint];
  EXPECT_THAT(sent, ElementsAre(std::pair(0U, 2), std::pair(1U, 2), std::pair(2U, 2)));
}

TEST(Route, SpreadIsInProportionToWhatEachHasFree) {
  const std::initializer_list<std::pair<Quota, double>> ample = {{Quota::requests_per_minute, 1e9}};
  Harness h({.endpoints = {endpoint("a", ample, 300), endpoint("b", ample, 100)},
             .route = Route::spread});
  std::map<EndpointId, int> sent;
  for (RequestId id = 1; id <= 4000; ++id) {
    h.submit(id);
    for (const auto& action : h.poll()) ++sent[std::get<Send>(action).endpoint];
    h.answer(id, success());
  }
  EXPECT_NEAR(sent[0], 3000, 5);
  EXPECT_NEAR(sent[1], 1000, 5);
}

// openai-cookbook: a request larger than the TPM limit waits for ever.
TEST(Size, ARequestThatCanNeverFitIsRejectedAtOnceWithTheNumbers) {
  Harness h({.endpoints = {endpoint("a", {{Quota::tokens_per_minute, 1000}}),
                           endpoint("b", {{Quota::input_tokens_per_minute, 2000}})}});
  h.submit(1, 40'000);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  const core::Reject& reject = std::get<RejectRequest>(actions[0]).reject;
  EXPECT_EQ(reject.reason, "too_large");
  EXPECT_EQ(reject.detail,
            "request of 40000 bytes and 1 row: a allows 1000 tokens per minute, it needs about "
            "10100; b allows 2000 input tokens per minute, it needs about 10000");
  EXPECT_THAT(reject.history, IsEmpty());
  EXPECT_EQ(h.wake_in(), std::nullopt);
}

TEST(Size, ARequestThatFitsSomeEndpointsGoesOnlyThere) {
  Harness h(
      {.endpoints = {endpoint("small", {{Quota::tokens_per_minute, 1000}}), endpoint("large")},
       .route = Route::in_order});
  h.submit(1, 40'000);
  h.submit(2, 400);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 2 to 0"));
}

TEST(Size, ALargeRequestThatWaitsForItsEndpointDoesNotHoldUpTheSmall) {
  Harness h({.endpoints = {endpoint("small", {{Quota::tokens_per_minute, 1000}}),
                           endpoint("large", {}, 1)},
             .route = Route::in_order});
  h.submit(1, 40'000);
  h.submit(2, 40'000);
  h.submit(3, 400);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 3 to 0"));
  h.answer(1, success());
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 1"));
}

TEST(Size, SmallRequestsDoNotStarveALargeOneOfTheQuotaItWaitsFor) {
  // The large one fits only b, and needs b's bucket full. Small ones fit both, take b first, and
  // there is no end of them.
  Harness h({.endpoints = {endpoint("b", {{Quota::tokens_per_minute, 60'000}}),
                           endpoint("a", {{Quota::tokens_per_minute, 30'000}})},
             .route = Route::in_order});
  h.submit_many(1, 50);
  h.submit(1000, 200'000);
  RequestId id = 2000;
  while (id <= 2050) h.submit(id++);
  std::optional<core::Time> sent;
  const core::Time start = h.now;
  while (!sent && h.now < start + 2min) {
    for (const auto& action : h.poll()) {
      const Send& send = std::get<Send>(action);
      if (send.request == 1000) sent = h.now;
      h.answer(send.request, success(100, 100));
      h.submit(id++);
    }
    h.sleep();
  }
  ASSERT_TRUE(sent);
  EXPECT_LE(*sent - start, 15s);
}

TEST(Size, ARequestThatTurnsOutTooLargeForAnEndpointGetsOutOfTheWayOfThoseThatFit) {
  Harness h({.endpoints = {endpoint("small", {{Quota::tokens_per_minute, 1000}}),
                           endpoint("large", {}, 1)},
             .route = Route::in_order});
  h.submit(1, 400);
  h.submit(2, 40'000);
  h.submit(3, 3000);  // 850 tokens as estimated now
  h.submit(4, 400);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 1"));
  h.answer(1, success(200, 100));  // twice the input that was expected: 3 needs 1600
  EXPECT_THAT(h.words(), IsEmpty());
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 4 to 0"));
  h.answer(2, success(10'000, 100));
  EXPECT_THAT(h.words(), ElementsAre("send 3 to 1"));
}

// A server's word that it grants 200 tokens a minute splits packs, but no row is rejected for it.
TEST(Size, ALimitThatAServerStatesRejectsNoRow) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit(1, 400);
  h.poll();
  auto answer = success(50, 50);
  answer.hints.quota[static_cast<std::size_t>(Quota::tokens_per_minute)].limit = 200;
  h.answer(1, answer);
  h.submit(2, 40'000);
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0")) << "the bucket is full";
  h.submit(3, 40'000, 2);
  EXPECT_THAT(h.words(), ElementsAre("split 3 too_large"));
}

TEST(Size, WhatWasLearnedRejectsNoRowThatFitsByTheDefaults) {
  Harness h({.endpoints = {endpoint("a", {{Quota::tokens_per_minute, 1000}})}});
  h.submit(1, 400);
  h.poll();
  h.answer(1, success(900, 100));
  h.submit(2, 400);
  EXPECT_THAT(h.words(), IsEmpty());
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
}

TEST(Size, APackThatCanNeverFitIsSplit) {
  Harness h({.endpoints = {endpoint("a", {{Quota::tokens_per_minute, 1000}})}});
  h.submit(1, 40'000, 2);
  EXPECT_THAT(h.words(), ElementsAre("split 1 too_large"));
  h.submit(2, 20'000, 1);
  EXPECT_THAT(h.words(), ElementsAre("reject 2 too_large"));
}

TEST(Size, ARequestThatOnlyAStoppedEndpointCouldTakeStaysPendingAndSaysSo) {
  Harness h(
      {.endpoints = {endpoint("small", {{Quota::tokens_per_minute, 1000}}), endpoint("large")},
       .route = Route::in_order});
  h.submit(1, 40'000);
  h.poll();
  h.answer(1, failure(Verdict::stop, provider::Cause::auth, 401));
  h.submit(2, 40'000);
  h.submit(3, 40'000, 2);  // its halves may fit the small one
  h.submit(4);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 4U);
  EXPECT_EQ(Harness::word(actions[0]), "release 1");
  EXPECT_EQ(std::get<ReleaseRequest>(actions[0]).why,
            "some rows are left that only a stopped endpoint would take: large: auth");
  EXPECT_EQ(Harness::word(actions[1]), "release 2");
  EXPECT_EQ(Harness::word(actions[2]), "split 3 too_large");
  EXPECT_EQ(Harness::word(actions[3]), "send 4 to 0");
}

// $1 a million both ways: a request of 400 bytes and 100 tokens out costs at most 564 µ$.
Config with_budget(const char* dollars) {
  Config config{.endpoints = {priced(endpoint("a"), 1, 1)}};
  config.budget = core::Money::parse(dollars);
  return config;
}

TEST(Budget, ReservesTheWorstCaseAndWaitsForWhatMayComeBack) {
  Harness h(with_budget("0.001200"));
  h.submit_many(1, 3);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0", "send 2 to 0"));
  EXPECT_EQ(h.wake_in(), std::nullopt) << "an answer may free money";
  h.answer(1, success(100, 50));  // 150 of the 564
  EXPECT_EQ(h.wake_in(), std::nullopt);
  EXPECT_THAT(h.words(), IsEmpty()) << "150 + 564 in flight + 564 > 1200";
  h.answer(2, success(100, 50));
  EXPECT_THAT(h.words(), ElementsAre("send 3 to 0"));
}

TEST(Budget, HaltsWithTheFiguresWhenNothingInFlightCouldFreeMoney) {
  Harness h(with_budget("0.001000"));
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
  h.answer(1, success(400, 100));
  EXPECT_EQ(h.wake_in(), 0s);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<Halt>(actions[0]).cause, HaltCause::budget);
  EXPECT_EQ(
      std::get<Halt>(actions[0]).message,
      "budget reached: $0.00050 of $0.0010 spent, and the next request could cost $0.00056; "
      "to continue, raise the budget, or lower max_output_tokens, which bounds what a request "
      "can cost");
  EXPECT_EQ(Harness::word(actions[1]), "release 2");
}

// Bifrost #3547: budgets per replica, so N replicas spend N times the cap. Here the budget is the
// job's: its lock lets one process in at a time, and what earlier ones spent counts.
TEST(Budget, CountsEarlierRuns) {
  Config config = with_budget("1");
  config.spent = *core::Money::parse("0.9999");
  Harness h(config);
  h.submit(1);
  EXPECT_THAT(h.words(), ElementsAre("halt budget", "release 1"));
}

TEST(Budget, AnAttemptThatMayHaveBeenBilledIsSpentInFull) {
  Harness h(with_budget("1"));
  h.submit(1);
  h.poll();
  auto lost = failure(Verdict::retry, provider::Cause::timeout, 0);
  lost.billing = provider::Billing::possible;
  h.answer(1, lost);
  EXPECT_EQ(h.scheduler.snapshot(h.now).spent, *core::Money::parse("0.000564"));
  EXPECT_EQ(h.scheduler.snapshot(h.now).reserved, core::Money());
}

TEST(Budget, WhatAGatewayChargedWins) {
  Harness h(with_budget("1"));
  h.submit(1);
  h.poll();
  auto outcome = success();
  outcome.charged = core::Money::parse("0.0001");
  h.answer(1, outcome);
  EXPECT_EQ(h.scheduler.snapshot(h.now).spent, *core::Money::parse("0.0001"));
}

TEST(Budget, TakesTheEndpointThatItCanStillPay) {
  Config config{.endpoints = {priced(endpoint("dear"), 100, 100), priced(endpoint("cheap"), 1, 1)},
                .route = Route::in_order};
  config.budget = core::Money::parse("0.01");
  Harness h(config);
  h.submit(1);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1"));
}

TEST(Budget, WithoutACapItIsSaidWhenItHoldsRequestsBack) {
  for (const bool capped : {false, true}) {
    Config config = with_budget("0.001200");
    config.endpoints[0].capped = capped;
    Harness h(config);
    h.submit_many(1, 3);
    h.poll();
    const auto throttle = h.scheduler.snapshot(h.now).throttle;
    ASSERT_EQ(throttle.has_value(), !capped);
    if (!throttle) continue;
    EXPECT_EQ(throttle->in_flight, 2U);
    EXPECT_EQ(throttle->could_be, 32);
    EXPECT_EQ(throttle->worst_cost, *core::Money::parse("0.000564"));
    EXPECT_EQ(throttle->output_tokens, 100U);
  }
}

TEST(Budget, WithoutACapTheWorstCaseIsBoundedAndTheHaltNamesTheRemedy) {
  Config config = with_budget("0.1");
  config.endpoints[0].max_output_tokens.reset();
  Harness h(config);
  h.submit(1);
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(
      std::get<Halt>(actions[0]).message,
      "the budget of $0.10 is less than the next request could cost, $0.13; to continue, raise "
      "the budget, or set max_output_tokens, which bounds what a request can cost");
}

}  // namespace
}  // namespace sluice::schedule
