// kill -9 at random moments. The scale is set by SLUICE_KILL_ROWS and SLUICE_KILLS, the seed by
// SLUICE_KILL_SEED; the defaults are for every day.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Kill, LosesNothingTearsNothingAndAsksNoCommittedRowAgain) {
  const std::uint64_t rows = from_environment("SLUICE_KILL_ROWS", 6000);
  const std::uint64_t kills = from_environment("SLUICE_KILLS", 6);
  std::mt19937_64 random(from_environment("SLUICE_KILL_SEED", 1));
  World world;
  world.make_rows(rows);
  world.make_job(5, "max_concurrency = 32");
  world.start_mock({"--latency-ms", "5", "--error-500", "0.02"});

  // Each life is cut off when the mock has served a random share of what is left.
  std::uint64_t answered_before = 0;
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    const std::uint64_t left = (rows - answered_before) / 5;
    const std::uint64_t step = 1 + random() % (2 * left / (kills - kill + 1) + 1);
    const std::uint64_t target = world.mock_stats().requests + step;
    const auto run = world.start(world.run_job());
    while (run->running() && world.mock_stats().requests < target) std::this_thread::yield();
    run->signal(SIGKILL);
    run->wait();

    const JobStatus status = world.status();
    EXPECT_EQ(status.read, status.answered + status.rejected + status.pending);
    EXPECT_GE(status.answered, answered_before) << "an answer that was committed is gone";
    answered_before = status.answered;
  }
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);

  EXPECT_EQ(wrong_with_output(world, rows), "");
  const MockStats mock = world.mock_stats();
  const JobStatus status = world.status();
  EXPECT_EQ(status.answered, rows);
  EXPECT_EQ(status.pending, 0u);
  // A row is asked again only when its request was sent and not yet committed at a kill.
  EXPECT_LE(mock.repeated_rows, 5 * status.maybe_billed);
  // known ≤ served ≤ known + may have been billed, in requests.
  EXPECT_LE(status.requests, mock.requests);
  EXPECT_LE(mock.requests, status.requests + status.maybe_billed);
  EXPECT_LE(status.input_tokens, mock.input_tokens);
  std::printf(
      "%llu rows, %llu kills: %llu requests served, %llu rows answered more than once, %llu "
      "requests maybe billed\n",
      static_cast<unsigned long long>(rows), static_cast<unsigned long long>(kills),
      static_cast<unsigned long long>(mock.requests),
      static_cast<unsigned long long>(mock.repeated_rows),
      static_cast<unsigned long long>(status.maybe_billed));
}

}  // namespace
}  // namespace sluice::cli
