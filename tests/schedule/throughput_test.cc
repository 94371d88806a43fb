// How much of its quotas a run uses, in virtual time, against modelled servers that enforce them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "harness.h"
#include "simulate/simulator.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

double minutes(core::Duration d) {
  return std::chrono::duration<double, std::ratio<60>>(d).count();
}

std::vector<core::Time> moments_of_sending(const Config& config, const simulate::ServerSpec& model,
                                           const simulate::Workload& workload,
                                           simulate::SimulationReport& report) {
  std::vector<core::Time> sent;
  report =
      simulate::simulate(config, {{model}}, workload, 1, [&](core::Time now, const Action& action) {
        if (std::holds_alternative<Send>(action)) sent.push_back(now);
      });
  return sent;
}

// The most units by which any window, however long or short, passes limit × its length.
double most_above(const std::vector<core::Time>& sent, double limit_per_minute, double units) {
  // For each end, the window is worst that begins where `units sent before - rate × time` is least.
  double most = 0, least = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const double refilled = limit_per_minute * minutes(sent[i] - sent[0]);
    least = i == 0 ? 0 : std::min(least, static_cast<double>(i) * units - refilled);
    most = std::max(most, static_cast<double>(i + 1) * units - refilled - least);
  }
  return most;
}

TEST(Throughput, RequestsReachNinetyNinePercentOfTheirQuotaAndNeverPassItByMoreThanTheBurst) {
  for (const double rpm : {30.0, 500.0, 10'000.0}) {
    simulate::ServerSpec model;
    model.limits[Quota::requests_per_minute] = rpm;
    model.latency = 5s;
    const auto config = endpoint("a", {{Quota::requests_per_minute, rpm}}, 10'000);
    simulate::SimulationReport report;
    const auto sent = moments_of_sending(
        {.endpoints = {config}}, model,
        {.requests = static_cast<std::uint64_t>(rpm * 5), .open = 10'000}, report);
    EXPECT_EQ(report.answered, static_cast<std::uint64_t>(rpm * 5));
    EXPECT_EQ(report.rate_limited, 0U);
    EXPECT_GE(static_cast<double>(sent.size()), 0.99 * rpm * minutes(sent.back() - sent.front()));
    EXPECT_LE(most_above(sent, rpm, 1), (1 + rpm / 60 / 20) * 1.000001) << rpm;
  }
}

TEST(Throughput, TokensReachNinetyNinePercentOfTheirQuotaAndNeverPassItByMoreThanTheBurst) {
  // A request is a ninetieth of the burst, a ninth, and three and a half times the burst.
  for (const double tpm : {6'000'000.0, 600'000.0, 20'000.0}) {
    simulate::ServerSpec model;  // 4 bytes a token and 128 a row: what the estimates start from
    model.limits[Quota::tokens_per_minute] = tpm;
    model.output_tokens_per_row = 128;
    model.latency = 3s;
    auto config = endpoint("a", {{Quota::tokens_per_minute, tpm}}, 100'000);
    config.max_output_tokens = 1000;
    const simulate::Workload workload{.requests = static_cast<std::uint64_t>(tpm * 10 / 1128),
                                      .prompt_bytes = 4000,
                                      .open = 50'000};
    simulate::SimulationReport report;
    const auto sent = moments_of_sending({.endpoints = {config}}, model, workload, report);
    EXPECT_EQ(report.answered, workload.requests);
    EXPECT_EQ(report.rate_limited, 0U);
    EXPECT_GE(static_cast<double>(sent.size()) * 1128,
              0.99 * tpm * minutes(sent.back() - sent.front()));
    EXPECT_LE(most_above(sent, tpm, 1128), std::max(1128.0, tpm / 60) * 1.000001) << tpm;
  }
}

TEST(Throughput, WrongEstimatesAreSettledAndTheQuotaIsStillUsed) {
  // The truth is 2.5 bytes a token and 400 tokens a row, ±30 %: first far above the estimate.
  simulate::ServerSpec model;
  model.limits[Quota::tokens_per_minute] = 600'000;
  model.bytes_per_token = 2.5;
  model.output_tokens_per_row = 400;
  model.token_spread = 0.3;
  model.latency = 2s;
  auto config = endpoint("a", {{Quota::tokens_per_minute, 600'000}}, 10'000);
  config.max_output_tokens = 4000;
  const auto report =
      simulate::simulate({.endpoints = {config}}, {{model}}, {.requests = 15'000}, 1);
  EXPECT_EQ(report.answered, 15'000U);
  EXPECT_EQ(report.rate_limited, 0U);
  const double tokens = static_cast<double>(report.input_tokens + report.output_tokens);
  EXPECT_GE(tokens, 0.99 * 600'000 * minutes(report.elapsed - 2s));
  EXPECT_LE(tokens, 1.02 * 600'000 * minutes(report.elapsed));
}

TEST(Throughput, TwoEndpointsTogetherUseBothQuotas) {
  simulate::ServerSpec model;
  model.limits[Quota::requests_per_minute] = 600;
  simulate::ServerSpec slow = model;
  slow.limits[Quota::requests_per_minute] = 300;
  for (const Route route : {Route::cheapest, Route::in_order, Route::spread}) {
    Config config{.endpoints = {endpoint("a", {{Quota::requests_per_minute, 600}}),
                                endpoint("b", {{Quota::requests_per_minute, 300}})},
                  .route = route};
    const auto report = simulate::simulate(config, {{model, slow}}, {.requests = 9000}, 1);
    EXPECT_EQ(report.answered, 9000U);
    EXPECT_EQ(report.rate_limited, 0U);
    EXPECT_LE(minutes(report.elapsed), 10.1);
  }
}

TEST(Throughput, ErrorsAndLostAnswersCostNoRowAndNoQuota) {
  simulate::ServerSpec model;
  model.limits[Quota::requests_per_minute] = 3000;
  model.error_rate = 0.05;
  model.lost_rate = 0.02;
  const auto config = endpoint("a", {{Quota::requests_per_minute, 3000}}, 1000);
  simulate::SimulationReport report;
  const auto sent =
      moments_of_sending({.endpoints = {config}}, model, {.requests = 15'000}, report);
  EXPECT_EQ(report.answered, 15'000U);
  EXPECT_GT(report.lost, 200U);
  const auto early = std::ranges::count_if(sent, [&](core::Time t) { return t < sent[0] + 4min; });
  EXPECT_GE(early, 0.99 * 3000 * 4);
}

TEST(Throughput, ALimitThatThePipelineFileOverstatesIsLearnedFromTheHeaders) {
  simulate::ServerSpec model;
  model.limits[Quota::requests_per_minute] = 300;
  model.reports_limits = true;
  const auto config = endpoint("a", {{Quota::requests_per_minute, 600}}, 64);
  const auto report = simulate::simulate({.endpoints = {config}}, {{model}}, {.requests = 3000}, 1);
  EXPECT_EQ(report.answered, 3000U);
  EXPECT_EQ(report.rate_limited, 0U);
  EXPECT_LE(minutes(report.elapsed), 10.1);
}

TEST(Throughput, ABudgetEndsTheRunWithinIt) {
  simulate::ServerSpec model;
  model.lost_rate = 0.05;
  Config config{.endpoints = {endpoint("a")}};
  config.endpoints[0].price = price(1, 4);
  config.budget = core::Money::parse("0.5");
  const auto report = simulate::simulate(config, {{model}}, {.requests = 10'000}, 1);
  ASSERT_TRUE(report.halt);
  EXPECT_EQ(report.halt->cause, HaltCause::budget);
  EXPECT_LE(report.spent, *config.budget);
  EXPECT_GE(report.spent, *core::Money::parse("0.495"));
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_FALSE(report.stalled);
}

}  // namespace
}  // namespace sluice::schedule
