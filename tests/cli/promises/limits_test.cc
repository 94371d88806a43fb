// Limits and refusals that no header tells, met by the real program. How fast it is belongs to the
// simulations (tests/schedule/unknown_limit_test.cc); here it is what comes out, and with how many
// requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

struct Outcome {
  std::uint64_t requests = 0;
};

Outcome run(std::size_t rows, std::vector<std::string> mock) {
  World world;
  world.make_rows(rows);
  world.make_job(1);
  world.start_mock(std::move(mock));
  const auto ended = world.sluice(world.run_job());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr(" 0 rejected"));
  EXPECT_EQ(wrong_with_output(world, rows), "");
  return {world.mock_stats().requests};
}

// nginx's limit_req answers 503 unless told otherwise.
TEST(Limits, ALimiterThatAnswers503IsLearnedAndAnswersEveryRow) {
  const Outcome job = run(600, {"--hidden-limit", "200", "--hidden-burst", "20"});
  EXPECT_LE(job.requests, 1000U) << "the refusals are those of the start";
}

TEST(Limits, ALimiterThatAnswers429WithoutAHintIsLearnedAndAnswersEveryRow) {
  const Outcome job =
      run(600, {"--hidden-limit", "200", "--hidden-burst", "20", "--hidden-status", "429"});
  EXPECT_LE(job.requests, 1000U);
}

TEST(Limits, AFewRefusalsWithoutALimitCostHardlyMoreThanTheirRepeats) {
  for (const char* kind : {"--error-429", "--error-503"}) {
    for (const char* wait : {"0", "1000"}) {
      const Outcome job = run(600, {"--latency-ms", "5", kind, "0.05", "--error-wait-ms", wait});
      EXPECT_GE(job.requests, 600U);
      EXPECT_LE(job.requests, 720U) << kind << " " << wait;
    }
  }
}

}  // namespace
}  // namespace sluice::cli
