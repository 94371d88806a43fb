// Ctrl-C, once and twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

TEST(Stop, TheFirstDrainsAndExitsWithFourAndTheNextRunGoesOn) {
  World world;
  world.make_rows(5000);
  world.make_job(1, "max_concurrency = 16");
  world.start_mock({"--latency-ms", "50"});
  const auto run = world.start(world.run_job());
  world.wait_for_requests(100);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4);
  EXPECT_THAT(run->output(), HasSubstr("run it again to resume"));

  const MockStats mock = world.mock_stats();
  const JobStatus status = world.status();
  EXPECT_EQ(mock.in_flight, 0u);
  EXPECT_EQ(status.answered, mock.answered) << "what was in flight was waited for and kept";
  EXPECT_EQ(status.maybe_billed, 0u);
  EXPECT_LT(status.answered, 5000u);

  world.stop_mock();
  world.start_mock();
  EXPECT_EQ(world.sluice(world.run_job()).status, 0);
  EXPECT_EQ(wrong_with_output(world, 5000), "");
  EXPECT_EQ(world.mock_stats().requests, 5000 - status.answered);
}

TEST(Stop, WhatHangsIsGivenUpAtTheRequestTimeout) {
  World world;
  world.make_rows(20);
  world.make_job(1, "timeout = 2");
  world.start_mock({"--hang", "1"});
  const auto run = world.start(world.run_job());
  world.wait_for_requests(20);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(std::chrono::seconds(30)), 4);
  EXPECT_EQ(world.status().pending, 20u);
}

TEST(Stop, TheSecondAbortsAtOnceAndTheNextRunGoesOn) {
  World world;
  world.make_rows(30);
  world.make_job(1);
  world.start_mock({"--hang", "1"});
  const auto run = world.start(world.run_job());
  world.wait_for_requests(30);
  run->signal(SIGINT);
  // The program says that it has seen the first one.
  run->runs_until([&] { return run->errors().find("Ctrl-C again") != std::string::npos; });
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 130);
  world.stop_mock();

  world.start_mock();
  const auto next = world.sluice(world.run_job());
  EXPECT_EQ(next.status, 0);
  EXPECT_THAT(next.errors, HasSubstr("30 requests may have been billed without an answer"));
  EXPECT_EQ(wrong_with_output(world, 30), "");
  EXPECT_EQ(world.status().maybe_billed, 30u);
}

}  // namespace
}  // namespace sluice::cli
