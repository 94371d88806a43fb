// Cases that users of other tools suffered from and that have no better place: whole runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "course.h"
#include "harness.h"
#include "seeds.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

// openai-cookbook: its loop sleeps 1 ms per request, so it never passes 1,000 requests/s.
// NeMo-Skills: caps itself at 2,048 in flight.
TEST(Peers, ThousandsOfRequestsASecondAndInFlightAreNoLimit) {
  constexpr double kPerSecond = 5000;
  simulate::ServerSpec model;
  model.limits[Quota::requests_per_minute] = 60 * kPerSecond;
  model.latency = 2s;
  Course course;
  course.run(
      {.endpoints = {endpoint("a", {{Quota::requests_per_minute, 60 * kPerSecond}}, 50'000)}},
      {model}, endless(15s), 1);
  EXPECT_GE(course.rate(8, 14), 0.98 * kPerSecond);
}

// openai-cookbook: retries go out at once, without back-off.
TEST(Peers, RetriesDoNotComeAtOnceWhereThereIsNoElsewhere) {
  simulate::ServerSpec model;
  model.latency = 100ms;
  model.error_rate = 1;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Config config{.endpoints = {endpoint("a")}};
    config.endpoints[0].answered_before = true;
    config.seed = seed;
    const auto report = simulate::simulate(config, {{model}}, {.requests = 1}, seed);
    EXPECT_EQ(report.rejected, 1U);
    EXPECT_EQ(report.sent, 8U) << "RetryPolicy::attempts";
    EXPECT_GE(report.elapsed, 5s) << "eight answers take less than one and a half";
  }
}

// Curator: its retries start only after the whole first pass.
TEST(Peers, ARetryWaitsForNoMoreThanWhatHadBeenSubmittedBefore) {
  Harness h({.endpoints = {endpoint("a", {{Quota::requests_per_minute, 60}}, 1)}});
  constexpr RequestId kOpen = 10;
  h.submit_many(1, kOpen);
  h.poll();
  h.answer(1, failure(provider::Action::retry, provider::Cause::server_error));
  RequestId sent = 0;
  for (RequestId submitted = kOpen; sent != 1; ++submitted) {
    ASSERT_LE(submitted, kOpen + 10);
    h.submit(submitted + 1);
    do {
      ASSERT_NO_FATAL_FAILURE(h.sleep());
      const auto actions = h.poll();
      sent = actions.empty() ? 0 : std::get<Send>(actions[0]).request;
    } while (sent == 0);
    if (sent != 1) h.answer(sent, success());
  }
}

// Curator: its limit headers are read once, at the start.
TEST(Peers, ALimitThatTheServerChangesInMidRunIsFollowed) {
  Harness h({.endpoints = {endpoint("a", {}, 1)}});
  h.submit_many(1, 100);
  const auto sent_in_a_minute = [&](double limit) {
    int sent = 0;
    for (const core::Time end = h.now + 1min; h.now < end;) {
      for (const Action& action : h.poll()) {
        provider::Outcome outcome = success();
        outcome.hints.quota[static_cast<std::size_t>(Quota::requests_per_minute)].limit = limit;
        h.answer(std::get<Send>(action).request, outcome);
        ++sent;
      }
      h.now = std::min(end, h.scheduler.wake_at(h.now).value_or(end));
    }
    return sent;
  };
  EXPECT_NEAR(sent_in_a_minute(30), 30, 2);
  EXPECT_NEAR(sent_in_a_minute(10), 10, 2);
  EXPECT_NEAR(sent_in_a_minute(20), 20, 2);
}

// DataDesigner PR #703: rate-limited rows were dropped.
TEST(Peers, NoRequestIsDroppedForBeingRateLimited) {
  for (const simulate::LimiterKind kind :
       {simulate::LimiterKind::token_bucket, simulate::LimiterKind::leaky_bucket,
        simulate::LimiterKind::fixed_window, simulate::LimiterKind::sliding_window}) {
    for (const bool hint : {false, true}) {
      simulate::ServerSpec model;
      model.limits[Quota::requests_per_minute] = 120;
      model.limiter = {.kind = kind, .burst = 20};
      model.reports_retry_after = hint;
      const auto report =
          simulate::simulate({.endpoints = {endpoint("a", {}, 64)}}, {{model}}, {.requests = 500},
                             static_cast<std::uint64_t>(kind) + 1);
      EXPECT_EQ(report.answered, 500U) << static_cast<int>(kind);
      EXPECT_EQ(report.rejected, 0U) << static_cast<int>(kind);
      EXPECT_GT(report.rate_limited, 0U) << static_cast<int>(kind);
    }
  }
}

// LiteLLM: one stalled socket hangs the job.
TEST(Peers, AnAnswerThatNeverComesHoldsUpNobodyElse) {
  simulate::ServerSpec model;
  model.latency = 100ms;
  model.lost_rate = 0.0005;
  model.timeout = 30s;
  Course course;
  const auto report = course.run({.endpoints = {endpoint("a", {}, 64)}}, {model}, endless(60s), 1);
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_GT(report.lost, 5U);
  for (std::size_t s = 1; s < 60; ++s) ASSERT_GT(course.rate(s, s + 1), 0) << s;
}

}  // namespace
}  // namespace sluice::schedule
