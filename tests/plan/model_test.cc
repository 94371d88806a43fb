// The closed forms of ways.h and the real scheduler on virtual time, held against each other.
#include "plan/model.h"

#include <gtest/gtest.h>

#include "plan/scenario.h"
#include "plan/ways.h"
#include "simulate/simulator.h"
#include "tests/plan/jobs.h"

namespace sluice::plan {
namespace {

struct Simulated {
  double seconds = 0;
  double dollars = 0;
  double answered = 0;
  std::uint64_t simulated = 0;
};

Simulated simulated(const Job& job, double most = kMostSimulated) {
  const Model model = model_of(job, 1, most);
  const auto report = simulate::simulate(model.config, model.servers, model.workload, 1);
  EXPECT_FALSE(report.stalled);
  EXPECT_FALSE(report.busy);
  return {core::in_seconds(report.elapsed), report.spent.dollars() * model.scale,
          static_cast<double>(report.answered) * model.scale, model.workload.requests};
}

Endpoint usual(std::string name) {
  Endpoint endpoint = endpoint_of(std::move(name), 1.5, 256);
  endpoint.latency_sigma = 0.3;
  endpoint.price = price_of_million(1, 4);
  return endpoint;
}

void expect_alike(const Job& job, double within) {
  const Way way = make_plan(job).ways[0];
  const Simulated run = simulated(job);
  EXPECT_NEAR(way.seconds.value / run.seconds, 1, within);
  EXPECT_NEAR(way.dollars.value / run.dollars, 1, within);
}

Work usual_work(double requests) {
  Work work = work_of(requests, 400, 80);
  work.prompt_bytes = 1600;
  return work;
}

TEST(Model, AQuotaOfRequests) {
  Endpoint endpoint = usual("a");
  endpoint.limits[provider::Quota::requests_per_minute] = 3000;
  expect_alike({usual_work(20'000), {endpoint}}, 0.03);
}

TEST(Model, AQuotaOfTokens) {
  Endpoint endpoint = usual("a");
  endpoint.limits[provider::Quota::tokens_per_minute] = 1'500'000;
  expect_alike({usual_work(20'000), {endpoint}}, 0.03);
}

TEST(Model, Concurrency) {
  Endpoint endpoint = usual("a");
  endpoint.limits.max_concurrency = 48;
  expect_alike({usual_work(10'000), {endpoint}}, 0.05);
}

TEST(Model, SlotsOfTheServer) {
  Endpoint endpoint = usual("a");
  endpoint.slots = 40;
  expect_alike({usual_work(10'000), {endpoint}}, 0.08);
}

TEST(Model, TwoRegionsAndAnOutage) {
  Endpoint endpoint = usual("a");
  endpoint.limits[provider::Quota::requests_per_minute] = 1500;
  Endpoint other = endpoint;
  other.name = "b";
  const auto job = changed({usual_work(20'000), {endpoint, other}}, "b.down=60s..180s");
  ASSERT_TRUE(job);
  expect_alike(*job, 0.06);
}

TEST(Model, TiersWithADeadline) {
  Work work = usual_work(20'000);
  work.route = schedule::Route::deadline;
  work.deadline = 500;
  Endpoint flex = usual("flex");
  flex.limits[provider::Quota::requests_per_minute] = 1200;
  flex.price = price_of_million(0.5, 2);
  Endpoint standard = usual("standard");
  standard.limits[provider::Quota::requests_per_minute] = 3000;
  expect_alike({work, {flex, standard}}, 0.05);
}

TEST(Model, FailuresTakeTheirTime) {
  Work work = usual_work(10'000);
  work.failed_share = 0.05;
  Endpoint endpoint = usual("a");
  endpoint.limits[provider::Quota::requests_per_minute] = 3000;
  expect_alike({work, {endpoint}}, 0.04);
}

// A job that is made smaller is as fast and as dear as one that is not.
TEST(Model, OneRequestMayStandForMany) {
  Endpoint endpoint = usual("a");
  endpoint.limits.max_concurrency = 3000;
  endpoint.limits[provider::Quota::requests_per_minute] = 60'000;
  Endpoint other = endpoint;
  other.name = "b";
  const auto job = changed({usual_work(200'000), {endpoint, other}}, "b.down=20s..60s");
  ASSERT_TRUE(job);
  const Simulated whole = simulated(*job);
  const Simulated small = simulated(*job, 20'000);
  EXPECT_EQ(whole.simulated, 200'000u);
  EXPECT_EQ(small.simulated, 20'000u);
  EXPECT_NEAR(small.seconds / whole.seconds, 1, 0.03);
  EXPECT_NEAR(small.dollars / whole.dollars, 1, 0.01);
  EXPECT_NEAR(small.answered / whole.answered, 1, 1e-9);
}

TEST(Model, ABillionRowsAreFewEnough) {
  std::vector<Endpoint> endpoints;
  for (int e = 0; e < 6; ++e) {
    endpoints.push_back(usual(std::string(1, static_cast<char>('a' + e))));
    endpoints.back().limits[provider::Quota::requests_per_minute] = 30'000;
    endpoints.back().limits.max_concurrency = 2000;
  }
  const auto job = changed({usual_work(1e9), endpoints}, "c.down=2h..5h");
  ASSERT_TRUE(job);
  const Model model = model_of(*job, 1);
  EXPECT_LE(static_cast<double>(model.workload.requests), kMostSimulated * 1.01);
  EXPECT_NEAR(static_cast<double>(model.workload.requests) * model.scale, 1e9, 1e9 / 1e6);
}

}  // namespace
}  // namespace sluice::plan
