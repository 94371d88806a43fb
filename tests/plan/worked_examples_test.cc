// Sums that anybody can do on paper, held against the planner.
#include <gtest/gtest.h>

#include "plan/ways.h"
#include "simulate/engine_price.h"
#include "tests/plan/jobs.h"

namespace sluice::plan {
namespace {

Way only_way(const Work& work, const Endpoint& endpoint) {
  return make_plan({work, {endpoint}}).ways.front();
}

// A million rows of 1,500 tokens and answers of 50.
Work million() {
  return work_of(1e6, 1500, 50);
}

TEST(WorkedExamples, TwoHundredInFlightAt210TokensASecondAre151MillionTokensAnHour) {
  const Endpoint endpoint = endpoint_of("a", 500 / 210.0, 200);
  const auto bound = bounds(endpoint, shape_at(work_of(1, 100, 500), endpoint)).front();
  EXPECT_EQ(bound.binding, Binding::concurrency);
  EXPECT_NEAR(bound.per_second * 500, 42'000, 1);
  EXPECT_NEAR(bound.per_second * 500 * 3600 / 1e6, 151.2, 0.01);
}

TEST(WorkedExamples, AMillionRowsOf1550TokensCost1350DollarsAndHalfInBatches) {
  Endpoint online = endpoint_of("online", 1);
  online.price = price_of_million(0.75, 4.5);
  Endpoint batch = online;
  batch.name = "batch";
  batch.instead = "batch";
  batch.price = price_of_million(0.375, 2.25);
  batch.batch = BatchService();
  const Plan plan = make_plan({million(), {online, batch}});
  ASSERT_EQ(plan.ways.size(), 2u);
  EXPECT_NEAR(plan.ways[0].input_tokens.value + plan.ways[0].output_tokens.value, 1.55e9, 1);
  EXPECT_NEAR(plan.ways[0].dollars.value, 1350, 0.005);
  EXPECT_EQ(plan.ways[1].name, "batch");
  EXPECT_NEAR(plan.ways[1].dollars.value, 675, 0.005);
  EXPECT_EQ(plan.chosen, 1u) << "there is no deadline";
}

TEST(WorkedExamples, AMillionRowsInAnHourAre278ASecond) {
  EXPECT_NEAR(1e6 / 3600, 278, 0.5);
  EXPECT_NEAR(1e6 * 1550 / 3600, 430'000, 1000);
  Work work = million();
  work.deadline = 3600;
  const auto with = [](std::optional<double> rpm, std::optional<double> tpm,
                       std::optional<double> itpm) {
    Endpoint endpoint = endpoint_of("a", 1);
    endpoint.price = price_of_million(0.75, 4.5);
    endpoint.limits[provider::Quota::requests_per_minute] = rpm;
    endpoint.limits[provider::Quota::tokens_per_minute] = tpm;
    endpoint.limits[provider::Quota::input_tokens_per_minute] = itpm;
    return endpoint;
  };

  const Way large = only_way(work, with(30'000, 150e6, {}));
  EXPECT_EQ(binding_name(*large.shares[0].bound), "requests per minute");
  EXPECT_NEAR(large.seconds.value, 2000, 5);
  EXPECT_TRUE(large.in_time);

  const Way middle = only_way(work, with(4000, {}, 400'000));
  EXPECT_EQ(binding_name(*middle.shares[0].bound), "input tokens per minute");
  EXPECT_NEAR(middle.seconds.value / 3600, 62.5, 0.1);
  EXPECT_FALSE(middle.in_time);
  EXPECT_EQ(binding_name(*middle.shares[0].next), "requests per minute");

  // 2,000 requests a minute in a region: nine of them are enough, eight are not.
  for (const std::size_t regions : {8u, 9u}) {
    const std::vector<Endpoint> all(regions, with(2000, {}, {}));
    const Plan plan = make_plan({work, all});
    EXPECT_EQ(binding_name(*plan.ways[0].shares[0].bound), "requests per minute");
    EXPECT_NEAR(plan.ways[0].seconds.value, 1e6 / (regions * 2000 / 60.0), 10);
    EXPECT_EQ(plan.ways[0].in_time, regions == 9);
  }
}

TEST(WorkedExamples, FiftyToTwoHundredWorkersSaturateAFlagshipTier) {
  // 4,000 requests a minute: by Little's law 50 in flight where a request takes 0.75 s, 200 where it takes 3 s.
  for (const auto& [seconds, workers] : {std::pair{0.75, 50.0}, {1.5, 100.0}, {3.0, 200.0}}) {
    Endpoint endpoint = endpoint_of("a", seconds);
    endpoint.limits[provider::Quota::requests_per_minute] = 4000;
    const Way way = only_way(million(), endpoint);
    EXPECT_EQ(binding_name(*way.shares[0].bound), "requests per minute");
    EXPECT_NEAR(way.shares[0].in_flight, workers, 0.01);
    endpoint.limits.max_concurrency = static_cast<int>(workers / 2);
    EXPECT_EQ(binding_name(*only_way(million(), endpoint).shares[0].bound), "max_concurrency");
  }
}

// A few slots that are many times as fast, against 500 of the usual: 500 tokens at 50 a second take 10 s.
TEST(WorkedExamples, AFastFleetWinsTheShortJobAndManySlotsTheLongOne) {
  const auto seconds = [](double tokens, int slots, double faster) {
    return only_way(work_of(tokens / 500, 0, 500), endpoint_of("a", 10 / faster, slots))
        .seconds.value;
  };
  const auto commodity = [&](double tokens) { return seconds(tokens, 500, 1); };
  // 30 slots at 16 times the speed do 96 % of what 500 do: the start and the end of the job decide.
  EXPECT_LT(seconds(10e6, 30, 16), commodity(10e6));
  EXPECT_GT(seconds(100e6, 30, 16), commodity(100e6));
  EXPECT_GT(seconds(1e9, 30, 16), commodity(1e9));
  // At 10 times they do 60 %, at 20 times with 60 slots 240 %.
  EXPECT_GT(seconds(10e6, 30, 10), commodity(10e6));
  EXPECT_LT(seconds(1e9, 60, 20), commodity(1e9) / 2);
}

TEST(WorkedExamples, AFastTierBuysTimeWhereConcurrencyBindsAndNothingWhereAQuotaDoes) {
  for (const bool quota : {false, true}) {
    Endpoint standard = endpoint_of("standard", 2.5, 100);
    standard.price = price_of_million(1, 5);
    if (quota) standard.limits[provider::Quota::requests_per_minute] = 1200;
    Endpoint fast = standard;
    fast.latency.value = 1;
    fast.price = price_of_million(3, 15);
    const Way slow = only_way(million(), standard);
    const Way quick = only_way(million(), fast);
    EXPECT_NEAR(quick.dollars.value / slow.dollars.value, 3, 1e-6);
    EXPECT_NEAR(slow.seconds.value / quick.seconds.value, quota ? 1 : 2.5, 0.01);
  }
}

TEST(WorkedExamples, AGpuIsPaidByTheHour) {
  // 4,000 tokens a second: rented by the hour, or reserved; busy for a fifth of its hours, or for nine tenths.
  const auto million_tokens = [](double dollars, double busy) {
    return *simulate::dollars_per_million({dollars, busy}, 4000);
  };
  EXPECT_NEAR(million_tokens(6.88, 0.9), 0.53, 0.005);
  EXPECT_NEAR(million_tokens(6.88, 0.2), 2.39, 0.005);
  EXPECT_NEAR(million_tokens(1.0, 0.9), 0.077, 0.0005);
  EXPECT_NEAR(million_tokens(1.0, 0.2), 0.347, 0.0005);

  // The same, as a way: it is busy for as long as the job takes.
  Endpoint own = endpoint_of("own", 1, 40);
  simulate::Engine engine;
  engine.a = 10;
  own.engine = engine;
  own.dollars_per_hour = 6.88;
  const Way way = only_way(work_of(144'000, 100, 100), own);
  EXPECT_NEAR(way.seconds.value, 3600, 40);
  EXPECT_NEAR(way.dollars.value, 6.88, 0.1);
}

}  // namespace
}  // namespace sluice::plan
