// Limits that nobody tells, and refusals without a limit, in virtual time: how much of the limit a
// job uses from its tenth second on, and how much is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "course.h"
#include "harness.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

enum class Kind : std::uint8_t { nodelay, delay, no_burst };  // nginx's limit_req, burst 60 or none

struct Limiter {
  double per_second;
  Kind kind;
  core::Duration latency;
  int status = 429;
};

simulate::ServerSpec limiter(const Limiter& how) {
  simulate::ServerSpec model;
  model.latency = how.latency;
  model.latency_spread = 0.1;
  model.limits[Quota::requests_per_minute] = 60 * how.per_second;
  model.limiter = {.kind = simulate::LimiterKind::leaky_bucket,
                   .burst = how.kind == Kind::no_burst ? 0 : 60,
                   .delays = how.kind == Kind::delay};
  model.reports_retry_after = false;
  model.refusal_takes = 2ms;
  model.refusal_status = how.status;
  return model;
}

// What nginx lets pass: it counts whole milliseconds, and without a burst it saves up nothing.
double attainable(const Limiter& how) {
  return how.kind == Kind::no_burst ? 1000 / std::ceil(1000 / how.per_second) : how.per_second;
}

struct Share {
  double of_limit = 0;
  double refused = 0;
};
Share from_second_ten(const Course& course, double limit) {
  const auto sum = [&](auto column) { return static_cast<double>(course.sum(column, 10, 40)); };
  return {sum(&Course::Second::answered) / 30 / limit,
          sum(&Course::Second::refused) / sum(&Course::Second::sent)};
}

class UnknownLimit : public testing::TestWithParam<Limiter> {};

TEST_P(UnknownLimit, IsUsedToNinetyFivePercentFromTheTenthSecondOnWithUnderOnePercentRefused) {
  const Limiter how = GetParam();
  const int slots =
      std::max(256, static_cast<int>(3 * how.per_second * core::in_seconds(how.latency)));
  Course course;
  const auto report =
      course.run({.endpoints = {endpoint("a", {}, slots)}}, {limiter(how)}, endless(40s), 1);
  const Share share = from_second_ten(course, attainable(how));
  EXPECT_GE(share.of_limit, 0.95);
  EXPECT_LE(share.refused, 0.01);
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_FALSE(course.opened(0)) << "a limiter is no outage, whatever its status";
}

std::string limiter_name(const testing::TestParamInfo<Limiter>& info) {
  constexpr const char* kKinds[] = {"NoDelay", "Delay", "NoBurst"};
  return std::to_string(static_cast<int>(info.param.per_second)) + "PerSecond" +
         kKinds[static_cast<int>(info.param.kind)] + std::to_string(info.param.latency / 1ms) +
         "ms" + std::to_string(info.param.status);
}

INSTANTIATE_TEST_SUITE_P(
    Nginx, UnknownLimit,
    testing::Values(Limiter{50, Kind::nodelay, 1ms}, Limiter{600, Kind::nodelay, 1ms},
                    Limiter{3000, Kind::nodelay, 1ms}, Limiter{50, Kind::nodelay, 200ms},
                    Limiter{600, Kind::nodelay, 200ms}, Limiter{3000, Kind::nodelay, 200ms},
                    Limiter{50, Kind::nodelay, 1s}, Limiter{600, Kind::nodelay, 1s},
                    Limiter{1100, Kind::delay, 1s}, Limiter{3000, Kind::nodelay, 1s},
                    Limiter{50, Kind::delay, 20ms}, Limiter{600, Kind::delay, 20ms},
                    Limiter{3000, Kind::delay, 20ms}, Limiter{50, Kind::no_burst, 20ms},
                    Limiter{600, Kind::no_burst, 20ms}, Limiter{3000, Kind::no_burst, 20ms},
                    Limiter{50, Kind::nodelay, 20ms, 503}, Limiter{600, Kind::nodelay, 20ms, 503},
                    Limiter{3000, Kind::delay, 20ms, 503}, Limiter{600, Kind::no_burst, 20ms, 503}),
    limiter_name);

// Four round trips to find that 500 can be in flight, five for 6,000; then some to learn the rate.
TEST(UnknownLimitOfASlowServer, IsUsedFromTheEighthRoundTripOn) {
  for (const double per_second : {50.0, 180.0, 600.0}) {
    for (const std::uint64_t seed : {21, 22, 23}) {
      const Limiter how{per_second, Kind::nodelay, 10s};
      const int slots = static_cast<int>(12 * per_second);
      Course course;
      course.run({.endpoints = {endpoint("a", {}, slots)}}, {limiter(how)}, endless(160s), seed);
      EXPECT_GE(course.rate(80, 160), 0.95 * per_second) << per_second << " seed " << seed;
      EXPECT_LE(course.sum(&Course::Second::refused, 80, 160),
                0.015 * static_cast<double>(course.sum(&Course::Second::sent, 80, 160)))
          << per_second << " seed " << seed;
    }
  }
}

struct Refusals {
  double share = 0;
  int status = 429;
  std::optional<core::Duration> hint{};
};

// Answers a second, from the second on in which it is known what these refusals are.
double speed(const Refusals& refusals) {
  simulate::ServerSpec model;
  model.latency = 20ms;
  model.latency_spread = 0.05;
  model.refused_rate = refusals.share;
  model.refusal_status = refusals.status;
  model.refused_hint = refusals.hint;
  model.refusal_takes = 2ms;
  Course course;
  const auto report = course.run({.endpoints = {endpoint("a", {}, 64)}}, {model}, endless(20s), 1);
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_FALSE(course.opened(0));
  return course.rate(0, 20);
}

TEST(RefusalsAtRandom, TwoPercentLeaveFourFifthsOfTheSpeedAndTenPercentAThird) {
  const double clean = speed({});
  for (const int status : {429, 503}) {
    for (const std::optional<core::Duration> hint : {std::optional<core::Duration>(), {1s}}) {
      EXPECT_GE(speed({0.02, status, hint}), 0.8 * clean) << status << " " << hint.has_value();
      EXPECT_GE(speed({0.1, status, hint}), 0.33 * clean) << status << " " << hint.has_value();
    }
  }
}

TEST(RefusalsAtRandom, AJobOfFourThousandRowsKeepsItsSpeed) {
  for (const double share : {0.02, 0.1}) {
    simulate::ServerSpec model;
    model.latency = 20ms;
    model.latency_spread = 0.05;
    model.refusal_takes = 2ms;
    const Config config{.endpoints = {endpoint("a", {}, 64)}};
    const auto clean = simulate::simulate(config, {{model}}, {.requests = 4000}, 1);
    model.refused_rate = share;
    const auto job = simulate::simulate(config, {{model}}, {.requests = 4000}, 1);
    EXPECT_EQ(job.answered, 4000U);
    EXPECT_LE(job.elapsed, (share < 0.05 ? 2 : 4) * clean.elapsed) << share;
  }
}

// Shared capacity in front of a limit: both are told apart.
TEST(RefusalsAtRandom, BesideALimitTheLimitIsStillUsed) {
  simulate::ServerSpec model = limiter({600, Kind::nodelay, 20ms});
  model.refused_rate = 0.02;
  Course course;
  course.run({.endpoints = {endpoint("a", {}, 256)}}, {model}, endless(40s), 1);
  const Share share = from_second_ten(course, 600);
  EXPECT_GE(share.of_limit, 0.95);
  EXPECT_LE(share.refused, 0.02 + 0.012);
}

// A server that takes so many at once and refuses the rest: the rate keeps them below that.
TEST(RefusalsAboveAConcurrency, AreAvoidedByTheRate) {
  for (const int status : {429, 503}) {
    simulate::ServerSpec model;
    model.latency = 50ms;
    model.most_at_once = 64;
    model.refusal_status = status;
    model.refusal_takes = 2ms;
    Course course;
    const auto report =
        course.run({.endpoints = {endpoint("a", {}, 256)}}, {model}, endless(40s), 1);
    EXPECT_EQ(report.rejected, 0U);
    EXPECT_FALSE(course.opened(0));
    const Share share = from_second_ten(course, 64 / 0.0523);
    EXPECT_GE(share.of_limit, 0.75);
    EXPECT_LE(share.refused, 0.01);
  }
}

}  // namespace
}  // namespace sluice::schedule
