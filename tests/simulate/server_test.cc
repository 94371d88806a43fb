// The simulator's servers: if these do not behave as they are said to, no simulation proves a
// thing.
#include "simulate/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::simulate {
namespace {

using namespace std::chrono_literals;
using provider::Quota;
using testing::ElementsAre;

core::Time at(core::Duration since_start) {
  return core::Time(since_start);
}

ServerSpec steady(core::Duration latency = 1s) {
  ServerSpec model;
  model.latency = latency;
  model.latency_spread = 0;
  return model;
}

Server::Reply ask(Server& server, core::Duration since_start, std::uint32_t bytes = 400) {
  return server.take(at(since_start), {.id = 1, .prompt_bytes = bytes, .rows = 1}, 1);
}

int status(Server& server, core::Duration since_start) {
  return ask(server, since_start).outcome.status;
}

// How many of `n` at one moment are admitted.
int admitted(Server& server, core::Duration since_start, int n) {
  int count = 0;
  for (int i = 0; i < n; ++i) count += status(server, since_start) == 200 ? 1 : 0;
  return count;
}

ServerSpec limited(double rpm, const LimiterSpec& limiter) {
  ServerSpec model = steady();
  model.limits[Quota::requests_per_minute] = rpm;
  model.limiter = limiter;
  return model;
}

TEST(Model, ATokenBucketSavesUpItsBurst) {
  Server server(limited(600, {.burst = 5}), std::nullopt, 1);
  EXPECT_EQ(admitted(server, 0s, 9), 5);
  EXPECT_EQ(admitted(server, 200ms, 9), 2);
  EXPECT_EQ(admitted(server, 1min, 9), 5);
}

TEST(Model, ALeakyBucketTakesOneMoreThanItsBurstAndThenTheRate) {
  Server server(limited(36'000, {.kind = LimiterKind::leaky_bucket, .burst = 60}), std::nullopt, 1);
  EXPECT_EQ(admitted(server, 0s, 100), 61);
  EXPECT_EQ(admitted(server, 10ms, 100), 6);
  EXPECT_EQ(admitted(server, 10s, 100), 61);
}

TEST(Model, AFixedWindowBeginsAnewAtItsMultiples) {
  Server server(limited(10, {.kind = LimiterKind::fixed_window}), std::nullopt, 1);
  EXPECT_EQ(admitted(server, 59s, 99), 10);
  EXPECT_EQ(admitted(server, 1min, 99), 10);
  EXPECT_EQ(admitted(server, 119s, 99), 0);
}

TEST(Model, AFixedWindowOfASecondPermitsASixtiethOfTheMinute) {
  Server server(limited(600, {.kind = LimiterKind::fixed_window, .window = 1s}), std::nullopt, 1);
  EXPECT_EQ(admitted(server, 900ms, 99), 10);
  EXPECT_EQ(admitted(server, 1s, 99), 10);
}

TEST(Model, ASlidingWindowCountsBackFromNow) {
  Server server(limited(10, {.kind = LimiterKind::sliding_window}), std::nullopt, 1);
  EXPECT_EQ(admitted(server, 50s, 4), 4);
  EXPECT_EQ(admitted(server, 59s, 99), 6);
  EXPECT_EQ(admitted(server, 109s, 99), 0);
  EXPECT_EQ(admitted(server, 110s, 99), 4);
}

TEST(Model, EveryLimiterTellsTheMomentAtWhichTheNextPasses) {
  for (const LimiterKind kind : {LimiterKind::token_bucket, LimiterKind::leaky_bucket,
                                 LimiterKind::fixed_window, LimiterKind::sliding_window}) {
    Server server(limited(600, {.kind = kind, .burst = 10}), std::nullopt, 1);
    const core::Duration start = 12'345'678'901ns;
    EXPECT_GE(admitted(server, start, 10'000), 10);
    const auto refused = ask(server, start);
    ASSERT_EQ(refused.outcome.cause, provider::Cause::rate_limit);
    const core::Duration wait = *refused.outcome.hints.retry_after;
    EXPECT_EQ(status(server, start + wait - 2ms), 429) << static_cast<int>(kind);
    EXPECT_EQ(status(server, start + wait), 200) << static_cast<int>(kind);
  }
}

TEST(Model, ARequestLargerThanTheWholeLimitPassesWhenNothingIsTaken) {
  for (const LimiterKind kind : {LimiterKind::token_bucket, LimiterKind::leaky_bucket,
                                 LimiterKind::fixed_window, LimiterKind::sliding_window}) {
    ServerSpec model = steady();
    model.limits[Quota::tokens_per_minute] = 600;
    model.limiter.kind = kind;
    Server server(model, std::nullopt, 1);
    EXPECT_EQ(ask(server, 1s, 8000).outcome.status, 200) << static_cast<int>(kind);
    ask(server, 1s, 8000);  // the leaky bucket takes a second one
    EXPECT_EQ(ask(server, 2s, 8000).outcome.status, 429) << static_cast<int>(kind);
    EXPECT_EQ(ask(server, 10min, 8000).outcome.status, 200) << static_cast<int>(kind);
  }
}

TEST(Model, RefusedRequestsCountWhereTheServerCountsThem) {
  for (const bool counts : {false, true}) {
    Server server(limited(10, {.kind = LimiterKind::sliding_window, .counts_refused = counts}),
                  std::nullopt, 1);
    EXPECT_EQ(admitted(server, 0s, 10), 10);
    EXPECT_EQ(admitted(server, 30s, 10), 0);
    EXPECT_EQ(admitted(server, 61s, 10), counts ? 0 : 10);
  }
}

TEST(Model, ARefusalHasAHintOrNoneOrOneThatIsTooShort) {
  ServerSpec model = limited(60, {.burst = 1});
  const auto hint = [&] {
    Server server(model, std::nullopt, 1);
    ask(server, 1s);
    return ask(server, 1s).outcome.hints.retry_after;
  };
  EXPECT_EQ(hint(), 1s);
  model.retry_after_factor = 0.25;
  EXPECT_EQ(hint(), 250ms);
  model.reports_retry_after = false;
  EXPECT_EQ(hint(), std::nullopt);
}

TEST(Model, AboveItsSlotsRequestsQueueFirstComeFirstServed) {
  ServerSpec model = steady(2s);
  model.slots = {{0s, 2}, {1min, 4}};
  Server server(model, std::nullopt, 1);
  std::vector<core::Duration> after;
  for (int i = 0; i < 5; ++i) after.push_back(ask(server, 0s).after);
  EXPECT_THAT(after, ElementsAre(2s, 2s, 4s, 4s, 6s));
  EXPECT_EQ(ask(server, 5s).after, 2s) << "one slot of the two is free";
  EXPECT_EQ(ask(server, 5s).after, 3s) << "the other is from 6 s on";
  after.clear();
  for (int i = 0; i < 5; ++i) after.push_back(ask(server, 1min).after);
  EXPECT_THAT(after, ElementsAre(2s, 2s, 2s, 2s, 4s));
}

TEST(Model, AColdServerWarmsUpWithTimeOrRequestsAndIsColdAgainAfterAnOutage) {
  ServerSpec model = steady(1s);
  model.cold = {.factor = 5, .lasts = 10s};
  model.outages = {{20s, 30s, OutageKind::error}};
  Server server(model, std::nullopt, 1);
  EXPECT_EQ(ask(server, 0s).after, 5s);
  EXPECT_EQ(ask(server, 5s).after, 3s);
  EXPECT_EQ(ask(server, 10s).after, 1s);
  EXPECT_EQ(ask(server, 30s).after, 5s);
  model.cold = {.factor = 5, .requests = 4};
  Server counting(model, std::nullopt, 1);
  std::vector<core::Duration> after;
  for (int i = 0; i < 6; ++i) after.push_back(ask(counting, 0s).after);
  EXPECT_THAT(after, ElementsAre(5s, 4s, 3s, 2s, 1s, 1s));
}

TEST(Model, AnOutageBefallsWhatArrivesInIt) {
  ServerSpec model = steady();
  model.timeout = 7s;
  model.outages = {
      {1s, 2s, OutageKind::error}, {3s, 4s, OutageKind::hang}, {5s, 6s, OutageKind::refuse}};
  Server server(model, std::nullopt, 1);
  EXPECT_EQ(status(server, 999ms), 200);
  const auto error = ask(server, 1s);
  EXPECT_EQ(error.outcome.status, 500);
  EXPECT_EQ(error.outcome.cause, provider::Cause::server_error);
  EXPECT_EQ(status(server, 2s), 200);
  const auto hang = ask(server, 3s);
  EXPECT_EQ(hang.after, 7s);
  EXPECT_EQ(hang.outcome.cause, provider::Cause::timeout);
  EXPECT_EQ(hang.outcome.billing, provider::Billing::possible);
  const auto refused = ask(server, 5s);
  EXPECT_EQ(refused.outcome.cause, provider::Cause::unreachable);
  EXPECT_EQ(refused.outcome.billing, provider::Billing::none);
  EXPECT_EQ(status(server, 6s), 200);
}

TEST(Model, ItsHeadersLieAsTheyAreToldTo) {
  ServerSpec model = limited(600, {});
  model.reports_limits = true;
  const auto hint = [&](Quota told) {
    Server server(model, std::nullopt, 1);
    for (int i = 0; i < 59; ++i) ask(server, 0s);
    return ask(server, 0s).outcome.hints.quota[static_cast<std::size_t>(told)];
  };
  const auto figures = [&](Quota told) {
    return std::pair(hint(told).limit.value_or(0), hint(told).remaining.value_or(0));
  };
  EXPECT_EQ(figures(Quota::requests_per_minute), std::pair(600.0, 540.0));
  model.lies = {.limit = 2, .remaining = 0.5};
  EXPECT_EQ(figures(Quota::requests_per_minute), std::pair(1200.0, 270.0));
  model.lies = {.stale = 10s};
  EXPECT_EQ(figures(Quota::requests_per_minute), std::pair(600.0, 599.0));
  model.lies = {.window = ReportedWindow::second};
  EXPECT_EQ(figures(Quota::requests_per_minute), std::pair(10.0, 9.0));
  model.lies = {.window = ReportedWindow::day};
  EXPECT_EQ(figures(Quota::requests_per_minute), std::pair(0.0, 0.0));
  EXPECT_EQ(figures(Quota::requests_per_day), std::pair(600.0, 540.0));
  model.lies = {.unknown = true};
  EXPECT_EQ(figures(Quota::requests_per_minute), std::pair(-1.0, -1.0));
  EXPECT_EQ(hint(Quota::requests_per_minute).reset_after, 0s);
}

TEST(Model, LatencyIsLogNormal) {
  ServerSpec model;
  model.latency = 1s;
  model.latency_spread = 0.5;
  Server server(model, std::nullopt, 1);
  std::vector<core::Duration> seen;
  for (int i = 0; i < 10'001; ++i) seen.push_back(ask(server, 0s).after);
  std::ranges::sort(seen);
  const auto seconds = [&](std::size_t i) {
    return std::chrono::duration<double>(seen[i]).count();
  };
  EXPECT_NEAR(seconds(5000), 1, 0.03);
  EXPECT_NEAR(seconds(1587), std::exp(-0.5), 0.03) << "one sigma below";
  EXPECT_NEAR(seconds(8413), std::exp(0.5), 0.06) << "and above";
}

}  // namespace
}  // namespace sluice::simulate
