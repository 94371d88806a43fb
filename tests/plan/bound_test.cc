#include "plan/bound.h"

#include <gtest/gtest.h>

#include "tests/plan/jobs.h"

namespace sluice::plan {
namespace {

TEST(Bound, TheLeastComesFirst) {
  Endpoint endpoint = endpoint_of("a", 2, 100);
  endpoint.limits[provider::Quota::requests_per_minute] = 6000;
  endpoint.limits[provider::Quota::output_tokens_per_minute] = 60'000;
  const Shape shape = shape_at(work_of(1, 400, 50), endpoint);
  const auto all = bounds(endpoint, shape);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(binding_name(all[0]), "output tokens per minute");
  EXPECT_DOUBLE_EQ(all[0].per_second, 20);
  EXPECT_EQ(binding_name(all[1]), "max_concurrency");
  EXPECT_DOUBLE_EQ(all[1].per_second, 50);
  EXPECT_EQ(binding_name(all[2]), "requests per minute");
  EXPECT_DOUBLE_EQ(all[2].per_second, 100);
}

TEST(Bound, ReadsFromACacheAreFreeOfTheInputQuotaAndNotOfTheTokens) {
  Endpoint endpoint = endpoint_of("a", 1);
  endpoint.limits[provider::Quota::input_tokens_per_minute] = 60'000;
  endpoint.limits[provider::Quota::tokens_per_minute] = 900'000;
  Work work = work_of(1, 1000, 0);
  work.cached_share = 0.9;
  const auto all = bounds(endpoint, shape_at(work, endpoint));
  EXPECT_EQ(binding_name(all[0]), "input tokens per minute");
  EXPECT_NEAR(all[0].per_second, 10, 1e-9);
  EXPECT_DOUBLE_EQ(all[1].per_second, 15);
}

TEST(Bound, ADaysQuotaLetsADaysWorthGoAtOnce) {
  Endpoint endpoint = endpoint_of("a", 1);
  endpoint.limits[provider::Quota::requests_per_day] = 1000;
  const Shape shape = shape_at(work_of(1, 10, 10), endpoint);
  EXPECT_DOUBLE_EQ(seconds_of_day(endpoint, shape, 1000), 0);
  EXPECT_DOUBLE_EQ(seconds_of_day(endpoint, shape, 1500), 43'200);
}

TEST(Bound, AttemptsThatFailTakeTheirPartOfEachBound) {
  Work work = work_of(1, 10, 10);
  work.failed_share = 0.2;
  const Endpoint endpoint = endpoint_of("a", 1, 100);
  EXPECT_DOUBLE_EQ(bounds(endpoint, shape_at(work, endpoint)).front().per_second, 80);
}

TEST(Bound, AServerOfOnesOwnIsBoundByItsMemoryBehindTheWall) {
  Endpoint endpoint = endpoint_of("own", 1, 64);
  simulate::Engine engine;
  engine.a = 10;
  engine.b = 0.1;
  engine.kv_tokens = 20'000;
  endpoint.engine = engine;
  const auto all = bounds(endpoint, shape_at(work_of(1, 900, 100), endpoint));
  EXPECT_EQ(all.front().binding, Binding::kv_memory);
  EXPECT_NEAR(all.front().limit, 20, 1);
}

}  // namespace
}  // namespace sluice::plan
