// Limits in time: how much of a limit is used, and how often it is hit.
#include <gtest/gtest.h>

#include "course.h"
#include "harness.h"
#include "seeds.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

// Rows of 100 to 50,000 bytes whose answers vary as widely: no estimate is right, and still the
// quota is used to the full and not passed. LiteLLM #5783: TPM ignored under concurrent calls.
TEST(Limits, TokensPerMinuteAreUsedToTheFullByRowsOfWidelyVaryingLength) {
  constexpr double kTokens = 600'000;
  for (const std::uint64_t seed : named_seeds()) {
    simulate::ServerSpec model;
    model.limits[Quota::tokens_per_minute] = kTokens;
    model.latency = 5s;
    auto config = endpoint("a", {{Quota::tokens_per_minute, kTokens}}, 10'000);
    config.max_output_tokens = 4000;
    simulate::Workload workload = endless(2h);
    workload.open = 1000;
    workload.prompt_sigma = 1.5;
    workload.output_sigma = 0.8;
    Course course;
    const simulate::SimulationReport report =
        course.run({.endpoints = {config}}, {model}, workload, seed);
    const auto tokens = static_cast<double>(course.sum(&Course::Second::tokens, 0, 7200));
    EXPECT_GE(tokens, 0.98 * 120 * kTokens) << seed;
    EXPECT_LE(tokens, 121 * kTokens) << seed << ": two hours, and the burst";
    EXPECT_LE(static_cast<double>(report.rate_limited), 0.001 * static_cast<double>(report.sent))
        << seed;
  }
}

}  // namespace
}  // namespace sluice::schedule
