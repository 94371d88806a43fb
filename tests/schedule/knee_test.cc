// Finding how many requests an endpoint is worth at once, where no quota is known: modelled servers
// with a knee, beyond which requests only queue.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "course.h"
#include "harness.h"
#include "seeds.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;

constexpr int kKnee = 64;
constexpr int kMovedKnee = 256;
constexpr double kSigma = 0.3;

simulate::ServerSpec with_knee(core::Duration latency) {
  simulate::ServerSpec model;
  model.latency = latency;
  model.latency_spread = kSigma;
  model.slots = {{0s, kKnee}};
  return model;
}

// Answers a second with all slots busy.
double best_rate(const simulate::ServerSpec& model, int slots) {
  const double mean =
      std::chrono::duration<double>(model.latency).count() * std::exp(kSigma * kSigma / 2);
  return slots / mean;
}

Course run(const simulate::ServerSpec& model, core::Duration lasting, std::uint64_t seed) {
  Course course;
  const Config config{.endpoints = {endpoint("a", {}, 2000)}};
  course.run(config, {model}, endless(lasting), seed);
  return course;
}

class Knee : public testing::TestWithParam<core::Duration> {};

TEST_P(Knee, IsFoundWithinAFifthAndHeldForTenMinutes) {
  for (const std::uint64_t seed : named_seeds()) {
    const simulate::ServerSpec model = with_knee(GetParam());
    const Course course = run(model, 660s, seed);
    EXPECT_GE(course.at(60).cap[0], 0.8 * kKnee) << seed;
    EXPECT_LE(course.at(60).cap[0], 1.3 * kKnee) << seed << ": a fifth above, and a trial";
    int near = 0;
    for (std::size_t s = 60; s < 660; ++s) {
      const int cap = course.at(s).cap[0];
      if (cap >= 0.75 * kKnee && cap <= 1.25 * kKnee) ++near;
      ASSERT_GE(cap, 0.6 * kKnee) << "trials look so far; seed " << seed << ", second " << s;
      ASSERT_LE(cap, 2 * kKnee) << "trials look so far; seed " << seed << ", second " << s;
    }
    EXPECT_GE(near, 0.85 * 600) << seed;
    EXPECT_GE(course.rate(60, 660), 0.97 * best_rate(model, kKnee)) << seed;
  }
}

TEST_P(Knee, IsFoundAgainWhenItMoves) {
  for (const std::uint64_t seed : named_seeds()) {
    simulate::ServerSpec model = with_knee(GetParam());
    model.slots.push_back({60s, kMovedKnee});
    const Course course = run(model, 420s, seed);
    EXPECT_GE(course.rate(330, 420), 0.97 * best_rate(model, kMovedKnee)) << seed;
    EXPECT_LE(course.at(419).cap[0], 1.7 * kMovedKnee) << seed;
  }
}

// A short latency means many requests: hundreds of thousands, too many for a slow build.
std::vector<core::Duration> latencies() {
  return kFastBuild ? std::vector<core::Duration>{200ms, 2s} : std::vector<core::Duration>{2s};
}

INSTANTIATE_TEST_SUITE_P(Latency, Knee, testing::ValuesIn(latencies()), [](const auto& latency) {
  return std::to_string(latency.param / 1ms) + "ms";
});

}  // namespace
}  // namespace sluice::schedule
