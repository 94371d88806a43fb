// What users of other tools suffered from: rate limits, cool-downs, storms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness.h"
#include "schedule/retry.h"
#include "simulate/simulator.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using Verdict = provider::Action;
using provider::Quota;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kTogether = 5;  // refusals in a row make a rejection burst

// Some providers refuse one request among many, whatever is sent.
TEST(Storm, AHintOnARefusalThatComesAloneBindsItsRequestOnly) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}});
  h.submit_many(1, 2);
  h.poll();
  h.answer(1, rate_limit(20s));
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
  h.answer(2, success());
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_GE(*h.wake_in(), 20s);
  EXPECT_LE(*h.wake_in(), 22s);
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 0"));
}

TEST(Storm, HintsOnRefusalsThatComeTogetherPauseTheEndpoint) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}});
  h.submit_many(1, kTogether + 1);
  for (RequestId id = 1; id <= kTogether; ++id) {
    EXPECT_THAT(h.words(), ElementsAre("send " + std::to_string(id) + " to 0"));
    h.answer(id, rate_limit(20s));
  }
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_GE(*h.wake_in(), 20s);
  h.now += 20s - 1ns;
  EXPECT_THAT(h.words(), IsEmpty());
}

TEST(Storm, ARateLimitedRequestGoesElsewhereNow) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit(1);
  h.poll();
  h.answer(1, rate_limit(20s));
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1"));
}

// LiteLLM #40130: a second cool-down keeps the first, shorter time.
TEST(Storm, ASecondCoolDownExtendsTheFirstAndAShorterOneDoesNotShortenIt) {
  Harness h({.endpoints = {endpoint("a")}});
  h.submit_many(1, kTogether + 2);
  h.poll();
  const auto until = [&] { return *h.scheduler.snapshot(h.now).endpoints[0].cooling_until; };
  for (RequestId id = 1; id <= kTogether; ++id) h.answer(id, rate_limit(5s));
  const core::Time first = until();
  h.answer(kTogether + 1, rate_limit(60s));
  const core::Time second = until();
  EXPECT_GT(second, first);
  EXPECT_GE(second, h.now + 60s);
  h.answer(kTogether + 2, rate_limit(1s));
  EXPECT_EQ(until(), second);
}

// LiteLLM #3646: with all deployments cooling it fails, where users wanted it to wait.
TEST(Storm, WhenAllEndpointsCoolDownWorkWaitsForTheFirstToReturn) {
  Harness h({.endpoints = {endpoint("a", {}, kTogether), endpoint("b", {}, kTogether)},
             .route = Route::in_order});
  h.submit_many(1, kTogether);
  h.poll();
  for (RequestId id = 1; id <= kTogether; ++id) h.answer(id, rate_limit(1h));
  h.poll();
  for (RequestId id = 1; id <= kTogether; ++id) h.answer(id, rate_limit(10s));
  EXPECT_THAT(h.words(), IsEmpty());
  ASSERT_TRUE(h.wake_in());
  EXPECT_GE(*h.wake_in(), 10s);
  EXPECT_LE(*h.wake_in(), 12s);
  h.sleep();
  const auto words = h.words();
  ASSERT_THAT(words, SizeIs(1)) << "the learned rate paces the rest";
  EXPECT_THAT(words[0], EndsWith("to 1"));
}

// Curator #205: a 429 storm uses up all retries.
TEST(Storm, RateLimitsDoNotUseUpTheAttempts) {
  Harness h({.endpoints = {endpoint("a")}, .retry = {.attempts = 2}});
  h.submit(1);
  const auto next = [&] {
    auto words = h.words();
    for (; words.empty() && !HasFatalFailure(); words = h.words()) h.sleep();
    return words;
  };
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(next(), ElementsAre("send 1 to 0"));
    h.answer(1, rate_limit(2s));
  }
  EXPECT_THAT(next(), ElementsAre("send 1 to 0"));
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error));
  EXPECT_THAT(next(), ElementsAre("send 1 to 0")) << "its first real failure of two";
}

TEST(Storm, PatienceWithRateLimitsEndsWhereNobodyIsAnswered) {
  Config config{.endpoints = {endpoint("a")}};
  config.endpoints[0].answered_before = true;
  Harness h(std::move(config));
  h.submit(1);
  for (int i = 0; i < kMaxUnansweredRejections; ++i) {
    ASSERT_THAT(h.words(), ElementsAre("send 1 to 0"));
    h.answer(1, rate_limit(2s));
    h.sleep();
  }
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  const core::Reject& reject = std::get<RejectRequest>(actions[0]).reject;
  EXPECT_EQ(reject.reason, "retries_exhausted");
  EXPECT_THAT(reject.history, ElementsAre("attempt 100 at a: 429 rate_limit (100 times)"));
}

TEST(Storm, PatienceIsNotUsedUpWhileOthersAreAnswered) {
  Harness h({.endpoints = {endpoint("a", {}, 2)}});
  h.submit_many(1, 2);
  RequestId other = 2;
  for (int refusals = 0; refusals < 3 * kMaxUnansweredRejections;) {
    for (const Action& action : h.poll()) {
      const RequestId id = std::get<Send>(action).request;
      if (id == 1) {
        h.answer(1, rate_limit(2s));
        ++refusals;
      } else {
        h.now += 10ms;
        h.answer(other, success());
        h.submit(++other);
      }
    }
    ASSERT_NO_FATAL_FAILURE(h.sleep());
  }
}

// 30 requests a minute behind an endpoint of which we know nothing, with 64 at once.
TEST(Storm, ATightUnknownLimitLosesNoRequest) {
  simulate::ServerSpec model;
  model.limits[Quota::requests_per_minute] = 30;
  const auto report =
      simulate::simulate({.endpoints = {endpoint("a", {}, 64)}}, {{model}}, {.requests = 2000}, 1);
  EXPECT_EQ(report.answered, 2000U);
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_GT(report.rate_limited, 0U);
}

TEST(Storm, AnUnknownLimitIsLearnedFromTheServersHeaders) {
  simulate::ServerSpec model;
  model.limits[Quota::requests_per_minute] = 600;
  model.reports_limits = true;
  const auto report =
      simulate::simulate({.endpoints = {endpoint("a", {}, 64)}}, {{model}}, {.requests = 5000}, 1);
  EXPECT_EQ(report.answered, 5000U);
  EXPECT_EQ(report.rate_limited, 0U);
}

// datatrove sleeps its back-off while it holds the concurrency slot.
TEST(Storm, AWaitingRequestHoldsNoSlotAndNoQuota) {
  Harness h({.endpoints = {endpoint("a", {{Quota::tokens_per_minute, 12'000}}, 1)}});
  h.submit(1);
  h.poll();
  h.answer(1, failure(Verdict::retry, provider::Cause::server_error, 500, 1min));
  const Snapshot s = h.scheduler.snapshot(h.now);
  EXPECT_EQ(s.endpoints[0].in_flight, 0);
  EXPECT_EQ(s.reserved, core::Money());
  h.submit(2);
  EXPECT_THAT(h.words(), ElementsAre("send 2 to 0"));
}

TEST(Storm, ACrowdOfRetriesDoesNotReturnAtOneMoment) {
  constexpr RequestId kCrowd = 9;  // one more would open the breaker
  Harness h({.endpoints = {endpoint("a")}});
  h.submit_many(1, kCrowd);
  h.poll();
  for (RequestId id = 1; id <= kCrowd; ++id)
    h.answer(id, failure(Verdict::retry, provider::Cause::server_error, 503, 10s));
  std::set<core::Time> moments;
  for (std::size_t sent = 0; sent < kCrowd;) {
    ASSERT_NO_FATAL_FAILURE(h.sleep());
    for (const Action& action : h.poll()) {
      h.answer(std::get<Send>(action).request, success());
      moments.insert(h.now);
      ++sent;
    }
  }
  EXPECT_EQ(moments.size(), kCrowd);
}

TEST(Storm, TheSameSeedMakesTheSameRun) {
  const auto run = [](std::uint64_t seed) {
    simulate::ServerSpec model;
    model.error_rate = 0.2;
    model.lost_rate = 0.05;
    model.limits[Quota::requests_per_minute] = 900;
    Config config{.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::spread};
    config.seed = seed;
    std::string log;
    simulate::simulate(
        config, {{model, model}}, {.requests = 500}, 9, [&](core::Time now, const Action& action) {
          log += std::to_string(now.time_since_epoch().count()) + Harness::word(action) + "\n";
        });
    return log;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace sluice::schedule
