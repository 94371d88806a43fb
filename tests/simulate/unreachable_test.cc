// An endpoint that never answers ends the job after the time that schedule/health.h states for its
// kind, in the simulator as at real servers, and its rows stay pending.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/health.h"
#include "simulate/simulator.h"

namespace sluice::simulate {
namespace {

using namespace std::chrono_literals;
using schedule::Health;
using testing::HasSubstr;

constexpr std::uint64_t kRequests = 300;
// The endpoint is given up at the first attempt that fails after its time: a breaker that is open
// puts that off.
constexpr core::Duration kBreaker = 31s;

schedule::Config endpoints(int count) {
  schedule::Config config;
  for (int i = 0; i < count; ++i) {
    schedule::EndpointConfig endpoint;
    endpoint.name = "e" + std::to_string(i);
    endpoint.limits.max_concurrency = 10;
    config.endpoints.push_back(endpoint);
  }
  config.route = schedule::Route::in_order;
  return config;
}

ServerSpec out_from(core::Duration from, OutageKind kind) {
  ServerSpec server;
  server.latency = 100ms;
  server.timeout = 20s;
  server.outages = {{from, 24h, kind}};
  return server;
}

struct Silent {
  const char* name;
  OutageKind kind;
  core::Duration time;
  const char* why;
};
class NeverAnswers : public testing::TestWithParam<Silent> {};

TEST_P(NeverAnswers, EndsTheJobAfterItsTimeWithItsRowsPending) {
  const std::vector<ServerSpec> servers = {out_from(0s, GetParam().kind)};
  const SimulationReport report = simulate(endpoints(1), servers, {.requests = kRequests}, 1);
  ASSERT_TRUE(report.halt);
  EXPECT_EQ(report.halt->cause, schedule::HaltCause::endpoints);
  EXPECT_THAT(report.halt->message, HasSubstr(GetParam().why));
  EXPECT_EQ(report.answered, 0U);
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_EQ(report.released, kRequests);
  EXPECT_GE(report.elapsed, GetParam().time);
  EXPECT_LE(report.elapsed, GetParam().time + kBreaker + servers[0].timeout);
}

INSTANTIATE_TEST_SUITE_P(
    Simulator, NeverAnswers,
    testing::Values(Silent{"Refuses", OutageKind::refuse, Health::kNeverReached,
                           "cannot be reached"},
                    Silent{"Hangs", OutageKind::hang, Health::kNeverAnswered, "has answered none"},
                    Silent{"Errs", OutageKind::error, Health::kNeverAnswered, "has answered none"},
                    Silent{"IsUnavailable", OutageKind::unavailable, Health::kNeverAnswered,
                           "has answered none"}),
    [](const testing::TestParamInfo<Silent>& info) { return info.param.name; });

TEST(Unreachable, AnEndpointThatHasAnsweredIsWaitedForTenMinutes) {
  const std::vector<ServerSpec> servers = {out_from(1min, OutageKind::refuse)};
  const SimulationReport report = simulate(endpoints(1), servers, {.requests = 1'000'000}, 1);
  ASSERT_TRUE(report.halt);
  EXPECT_EQ(report.halt->cause, schedule::HaltCause::endpoints);
  EXPECT_GT(report.answered, 0U);
  EXPECT_EQ(report.rejected, 0U);
  EXPECT_GE(report.elapsed, 1min + Health::kLostFor);
  EXPECT_LE(report.elapsed, 1min + Health::kLostFor + kBreaker);
}

TEST(Unreachable, AnotherEndpointTakesItsWork) {
  const std::vector<ServerSpec> servers = {out_from(0s, OutageKind::refuse),
                                           out_from(24h, OutageKind::error)};
  const SimulationReport report = simulate(endpoints(2), servers, {.requests = kRequests}, 1);
  EXPECT_FALSE(report.halt);
  EXPECT_EQ(report.answered, kRequests);
}

}  // namespace
}  // namespace sluice::simulate
