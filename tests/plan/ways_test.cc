#include "plan/ways.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/scenario.h"
#include "tests/plan/jobs.h"

namespace sluice::plan {
namespace {

Endpoint bound_by_requests(std::string name, double per_minute, double dollars_a_million) {
  Endpoint endpoint = endpoint_of(std::move(name), 1);
  endpoint.limits[provider::Quota::requests_per_minute] = per_minute;
  endpoint.price = price_of_million(dollars_a_million, dollars_a_million);
  return endpoint;
}

TEST(Ways, EndpointsTogetherAreAsFastAsTheirSum) {
  const Plan plan = make_plan({work_of(30'000, 100, 100),
                               {bound_by_requests("a", 600, 1), bound_by_requests("b", 1200, 2)}});
  ASSERT_EQ(plan.ways.size(), 3u) << "as written, and each alone";
  EXPECT_TRUE(plan.ways[0].as_written);
  EXPECT_NEAR(plan.ways[0].seconds.value, 1000, 5);
  // A third at the price of 1, two thirds at 2, of 200 tokens.
  EXPECT_NEAR(plan.ways[0].dollars.value, 30'000 * 200 / 1e6 * 5 / 3, 1e-6);
  EXPECT_EQ(plan.ways[1].name, "a");
  EXPECT_EQ(plan.chosen, 1u) << "the cheapest, since there is no deadline";
}

TEST(Ways, TiersWithADeadlineBuyTheCheapFirst) {
  Work work = work_of(30'000, 100, 100);
  work.route = schedule::Route::deadline;
  work.deadline = 2000;
  const std::vector<Endpoint> tiers = {bound_by_requests("flex", 600, 1),
                                       bound_by_requests("standard", 1200, 2),
                                       bound_by_requests("priority", 1200, 4)};
  const Way way = make_plan({work, tiers}).ways[0];
  ASSERT_EQ(way.shares.size(), 2u);
  EXPECT_NEAR(way.shares[0].requests, 20'000, 500) << "all that flex does until then";
  EXPECT_TRUE(way.in_time);
  work.deadline = 100;
  const Way late = make_plan({work, tiers}).ways[0];
  EXPECT_EQ(late.shares.size(), 3u);
  EXPECT_FALSE(late.in_time);
  work.deadline.reset();
  EXPECT_EQ(make_plan({work, tiers}).ways[0].shares.size(), 1u) << "flex alone, in time enough";
}

TEST(Ways, WhatIsNeitherInTimeNorInBudgetIsNotChosen) {
  Work work = work_of(30'000, 100, 100);
  work.deadline = 2000;
  work.budget_left = 7;
  const Endpoint slow = bound_by_requests("slow", 600, 1);
  const Endpoint dear = bound_by_requests("dear", 6000, 2);
  const Plan none = make_plan({work, {slow, dear}});
  EXPECT_FALSE(none.chosen);
  work.budget_left = 20;
  const Plan plan = make_plan({work, {slow, dear}});
  ASSERT_TRUE(plan.chosen);
  EXPECT_TRUE(plan.ways[*plan.chosen].in_time);
}

TEST(Ways, WhatHasNoPriceIsShownAndNotChosen) {
  Endpoint own = endpoint_of("own", 1, 10);
  const Plan plan = make_plan({work_of(100, 10, 10), {own}});
  EXPECT_FALSE(plan.ways[0].priced);
  EXPECT_FALSE(plan.chosen);
}

TEST(Ways, BatchesTakeWhatCanBeTakenBackBeforeTheDeadline) {
  Endpoint batch = endpoint_of("batch", 1);
  batch.price = price_of_million(1, 1);
  batch.batch = BatchService{.takes = Figure{3600, 0.3, Origin::measured}};
  const Endpoint online = bound_by_requests("online", 600, 2);
  Work work = work_of(100'000, 100, 100);
  const Way all = make_plan({work, {batch, online}}).ways[0];
  ASSERT_EQ(all.shares.size(), 1u) << "without a deadline";
  EXPECT_NEAR(all.seconds.value, 3600, 5);
  work.deadline = 12'000;
  const Way some = make_plan({work, {batch, online}}).ways[0];
  ASSERT_EQ(some.shares.size(), 2u);
  EXPECT_GT(some.shares[0].requests, 10'000);
  EXPECT_GT(some.shares[1].requests, 10'000);
  EXPECT_TRUE(some.in_time);
}

TEST(Ways, ADaysQuotaIsWaitedFor) {
  Endpoint endpoint = bound_by_requests("a", 6000, 1);
  endpoint.limits[provider::Quota::requests_per_day] = 10'000;
  const Way way = make_plan({work_of(15'000, 10, 10), {endpoint}}).ways[0];
  EXPECT_NEAR(way.seconds.value, 43'200, 100);
  EXPECT_GT(way.day_seconds, 0);
}

TEST(Ways, TheSlowestOfManyIsSlowerAndOfOneAsUsual) {
  EXPECT_NEAR(slowest_of(1, 0.4), 1.083, 0.001);
  double before = 1;
  for (const double n : {1.01, 2.0, 5.5, 9.9, 10.0, 11.0, 100.0, 1e4}) {
    EXPECT_GT(slowest_of(n, 0.4), before * 0.98) << n;
    before = slowest_of(n, 0.4);
  }
  EXPECT_NEAR(slowest_of(100, 1), std::exp(2.51), 1);
}

TEST(Ways, UncertainTokensMakeTheCostUncertainAndTheTimeOnlyWhereTheyBind) {
  Work work = work_of(10'000, 1000, 100);
  work.output_tokens.spread = 0.5;
  Endpoint endpoint = bound_by_requests("a", 600, 1);
  const Way by_requests = make_plan({work, {endpoint}}).ways[0];
  EXPECT_GT(by_requests.dollars.high(), by_requests.dollars.value * 1.02);
  EXPECT_LT(by_requests.seconds.high(), by_requests.seconds.value * 1.1);
  endpoint.limits[provider::Quota::output_tokens_per_minute] = 10'000;
  const Way by_tokens = make_plan({work, {endpoint}}).ways[0];
  EXPECT_GT(by_tokens.seconds.high(), by_tokens.seconds.value * 1.2);
}

TEST(Scenario, ChangesWhatItNames) {
  const Job job{work_of(1000, 100, 100),
                {bound_by_requests("openai/gpt-5.4", 600, 1), bound_by_requests("eu", 300, 2)}};
  const auto rpm = [](const Endpoint& endpoint) {
    return *endpoint.limits[provider::Quota::requests_per_minute];
  };
  const auto doubled = changed(job, "rpm=x2");
  ASSERT_TRUE(doubled) << doubled.error();
  EXPECT_EQ(rpm(doubled->endpoints[0]), 1200);
  EXPECT_EQ(rpm(doubled->endpoints[1]), 600);
  const auto one = changed(job, "openai/gpt-5.4.rpm=50, eu.copies=3, deadline=2h,budget=10");
  ASSERT_TRUE(one) << one.error();
  EXPECT_EQ(rpm(one->endpoints[0]), 50);
  EXPECT_EQ(one->endpoints.size(), 4u);
  EXPECT_EQ(one->work.deadline, 7200);
  EXPECT_EQ(one->work.budget_left, 10);
  const auto down = changed(job, "eu.down=10m..40m");
  ASSERT_TRUE(down) << down.error();
  ASSERT_EQ(down->endpoints[1].down.size(), 1u);
  EXPECT_EQ(down->endpoints[1].down[0].to, 2400);
  const auto cheaper = changed(job, "eu.price=x0.5");
  ASSERT_TRUE(cheaper) << cheaper.error();
  EXPECT_NEAR(request_dollars(cheaper->work, cheaper->endpoints[1])->value, 200 / 1e6, 1e-12);
  EXPECT_NEAR(changed(job, "rows=x3")->work.requests.value, 3000, 1e-6);
}

TEST(Scenario, SaysWhatIsWrong) {
  const Job job{work_of(1, 1, 1), {bound_by_requests("eu", 300, 2)}};
  for (const auto& [text, part] : {std::pair{"rpm", "ENDPOINT.FIELD=VALUE"},
                                   {"us.rpm=x2", "there is no endpoint \"us\"; there is eu"},
                                   {"eu.speed=x2", "there is no \"speed\""},
                                   {"eu.rpm=fast", "a number, or x2"},
                                   {"eu.price=3", "a factor"},
                                   {"eu.down=10m", "10m..40m"},
                                   {"eu.copies=1.5", "whole number"},
                                   {"eu.tpm=x2", "there is no eu.tpm that could be multiplied"},
                                   {"deadline=x2", "there is no deadline that could be multiplied"},
                                   {"deadline=soon", "a number with s, m, h or d"}}) {
    const auto job_with = changed(job, text);
    ASSERT_FALSE(job_with) << text;
    EXPECT_THAT(job_with.error(), testing::HasSubstr(part));
  }
}

TEST(Scenario, AnOutageTakesAsLongAsTheOthersTakeForIt) {
  const Job job{work_of(30'000, 100, 100),
                {bound_by_requests("a", 900, 1), bound_by_requests("b", 900, 1)}};
  EXPECT_NEAR(make_plan(job).ways[0].seconds.value, 1000, 5);
  const auto other = changed(job, "b.down=100s..300s");
  ASSERT_TRUE(other);
  EXPECT_NEAR(make_plan(*other).ways[0].seconds.value, 1100, 5);
}

}  // namespace
}  // namespace sluice::plan
