// Endpoints that die and come back: what the others do meanwhile, and when they are used again.
#include <gtest/gtest.h>

#include <string>

#include "course.h"
#include "harness.h"
#include "seeds.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

constexpr double kPerSecond = 50;  // each endpoint permits so many
constexpr std::size_t kDies = 60;  // seconds
constexpr std::size_t kBack = 180;
constexpr std::size_t kEnd = 300;

struct Death {
  simulate::OutageKind kind;
  std::size_t endpoints;
  std::size_t dead;  // the first is the cheapest
};

std::string death_name(const testing::TestParamInfo<Death>& info) {
  constexpr const char* kKinds[] = {"Error", "Hang", "Refuse", "Unavailable"};
  return std::string(kKinds[static_cast<int>(info.param.kind)]) +
         std::to_string(info.param.dead + 1) + "Of" + std::to_string(info.param.endpoints);
}

class Dying : public testing::TestWithParam<Death> {};

TEST_P(Dying, LeavesTheOthersAtFullRateAndIsUsedAgainWhenItIsBack) {
  const auto [kind, endpoints, dead] = GetParam();
  for (const std::uint64_t seed : named_seeds()) {
    Config config;
    std::vector<simulate::ServerSpec> models(endpoints);
    for (std::size_t e = 0; e < endpoints; ++e) {
      const double rpm = 60 * kPerSecond;
      models[e].limits[Quota::requests_per_minute] = rpm;
      models[e].latency = 500ms;
      if (kind == simulate::OutageKind::hang) models[e].timeout = 2s;
      config.endpoints.push_back(
          endpoint("e" + std::to_string(e), {{Quota::requests_per_minute, rpm}}, 1000));
      config.endpoints.back().price = price(1.0 + static_cast<double>(e), 1);
    }
    models[dead].outages = {{std::chrono::seconds(kDies), std::chrono::seconds(kBack), kind}};
    Course course;
    const simulate::SimulationReport report =
        course.run(config, models, endless(std::chrono::seconds(kEnd)), seed);
    EXPECT_EQ(report.rejected, 0U) << seed;

    const auto opened = course.opened(dead);
    ASSERT_TRUE(opened) << seed;
    // A 503 may be a limiter's, so it takes two seconds without a pass, and a cool-down.
    EXPECT_LE(*opened, kDies + (kind == simulate::OutageKind::unavailable ? 8 : 5)) << seed;
    for (std::size_t e = 0; e < endpoints; ++e) {
      if (e == dead) continue;
      EXPECT_GE(course.rate(*opened + 2, kBack, e), 0.95 * kPerSecond) << seed << ": " << e;
      EXPECT_FALSE(course.opened(e)) << seed << ": " << e;
    }
    EXPECT_GE(course.rate(kBack + 60, kEnd, dead), 0.95 * kPerSecond) << seed;
    // While it is dead it is felt for, a few requests at a time.
    EXPECT_LE(course.sum(&Course::Second::sent, *opened + 10, kBack, dead), 40U) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Endpoint, Dying,
                         testing::Values(Death{simulate::OutageKind::error, 2, 1},
                                         Death{simulate::OutageKind::hang, 2, 1},
                                         Death{simulate::OutageKind::refuse, 2, 1},
                                         Death{simulate::OutageKind::error, 3, 0},
                                         Death{simulate::OutageKind::hang, 3, 0},
                                         Death{simulate::OutageKind::refuse, 3, 0},
                                         Death{simulate::OutageKind::unavailable, 2, 1},
                                         Death{simulate::OutageKind::unavailable, 3, 0},
                                         Death{simulate::OutageKind::error, 2, 0},
                                         Death{simulate::OutageKind::hang, 3, 1}),
                         death_name);

// DataDesigner #575: additive-increase control without a breaker stalls at zero rows when an
// endpoint dies.
TEST(Outage, AJobDoesNotStallAtZeroRowsWhenAnEndpointDies) {
  for (const simulate::OutageKind kind :
       {simulate::OutageKind::error, simulate::OutageKind::hang, simulate::OutageKind::refuse,
        simulate::OutageKind::unavailable}) {
    for (const std::uint64_t seed : named_seeds()) {
      // Nothing is known of either: their concurrency is found, and the dead one's must not matter.
      simulate::ServerSpec alive;
      alive.latency = 200ms;
      alive.slots = {{0s, 16}};
      simulate::ServerSpec dying = alive;
      dying.timeout = 5s;
      dying.outages = {{20s, 1h, kind}};
      Config config{.endpoints = {endpoint("dying"), endpoint("alive")}};
      Course course;
      const simulate::SimulationReport report =
          course.run(config, {dying, alive}, endless(120s), seed);
      EXPECT_EQ(report.rejected, 0U) << seed;
      for (std::size_t s = 20; s < 120; ++s)
        ASSERT_GE(course.rate(s, s + 1), 40) << "seed " << seed << ", second " << s;
    }
  }
}

// The only endpoint is away for three minutes: nothing is lost, and it is asked now and then.
TEST(Outage, WithNoElsewhereTheRunWaitsForItsOnlyEndpoint) {
  for (const simulate::OutageKind kind :
       {simulate::OutageKind::error, simulate::OutageKind::hang, simulate::OutageKind::refuse,
        simulate::OutageKind::unavailable}) {
    for (const std::uint64_t seed : named_seeds()) {
      simulate::ServerSpec model;
      model.latency = 500ms;
      model.timeout = 5s;
      model.outages = {{20s, 200s, kind}};
      Course course;
      const simulate::SimulationReport report =
          course.run({.endpoints = {endpoint("a", {}, 32)}}, {model}, endless(300s), seed);
      EXPECT_EQ(report.rejected, 0U) << seed;
      EXPECT_LE(course.sum(&Course::Second::sent, 40, 200), 60U) << seed;
      EXPECT_GE(course.rate(260, 300), 0.9 * course.rate(5, 20)) << seed;
    }
  }
}

}  // namespace
}  // namespace sluice::schedule
