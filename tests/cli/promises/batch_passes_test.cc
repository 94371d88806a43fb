// Passes over the input of a job in batches: what ends them, and what they must not lose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <string>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

class BatchPasses : public testing::Test {
 protected:
  void make_job(const std::string& input, const std::string& requests) {
    world_.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { ")lua" + input + R"lua(", key = "id" },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch { s.openai { model = "m", base_url = ")lua" +
                                world_.base_url() + R"lua(", price = { input = 1, output = 2 },
                          max_output_tokens = 100,
                          tiers = { { "batch", requests = )lua" +
                                requests + R"lua(, search = "1s" } } } },
  s.sink { "out.jsonl" },
}
)lua");
  }
  void expect_whole(std::size_t rows) {
    EXPECT_EQ(wrong_with_output(world_, rows), "");
    EXPECT_EQ(world_.sluice({"audit", "job.lua"}).status, 0);
    EXPECT_EQ(world_.mock_stats().repeated_rows, 0U) << "nothing is asked twice";
  }

  World world_;
};

TEST_F(BatchPasses, AQueueThatIsTooSmallForABatchTeachesSmallerOnes) {
  world_.make_rows(200);
  world_.start_mock({"--batch-turnaround", "1m", "--batch-queue-tokens", "500"});
  make_job("in.jsonl", "100");
  const auto ended = world_.sluice({"run", "job.lua"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  expect_whole(200);
}

TEST_F(BatchPasses, ARunOfAFewRowsLeavesTheRepliesOfTheOthers) {
  world_.make_rows(120);
  world_.start_mock({"--batch-turnaround", "1m"});
  make_job("in.jsonl", "40");
  EXPECT_EQ(world_.sluice({"run", "job.lua", "--detach"}).status, 4);
  EXPECT_EQ(world_.sluice({"run", "job.lua", "--limit", "5"}).status, 0);
  EXPECT_EQ(world_.lines("out.jsonl").size(), 5U);
  EXPECT_EQ(world_.sluice({"run", "job.lua"}).status, 0);
  expect_whole(120);
  EXPECT_EQ(world_.mock_stats().rows, 120U);
}

TEST_F(BatchPasses, CancelledWithoutNamesAreAllThatAreOut) {
  world_.make_rows(80);
  world_.start_mock({"--batch-turnaround", "200h"});
  make_job("in.jsonl", "40");
  EXPECT_EQ(world_.sluice({"run", "job.lua", "--detach"}).status, 4);
  EXPECT_EQ(world_.sluice({"batches", "job.lua", "--cancel"}).status, 0);
  const auto run = world_.start({"run", "job.lua"});
  EXPECT_TRUE(run->runs_until([&] {
    const std::string batches = world_.sluice({"batches", "job.lua"}).output;
    return batches.find("collected") != batches.rfind("collected");
  })) << run->errors();
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
}

TEST_F(BatchPasses, AnInputThatCannotBeReadAgainIsRefused) {
  world_.start_mock();
  ASSERT_EQ(::mkfifo(world_.path("pipe").c_str(), 0600), 0);
  for (const char* input : {"-", "pipe"}) {
    make_job(input, "40");
    const auto ended = world_.sluice({"run", "job.lua"});
    EXPECT_EQ(ended.status, 3) << input << ": " << ended.errors;
    EXPECT_THAT(ended.errors, HasSubstr("write it to a file first"));
  }
}

}  // namespace
}  // namespace sluice::cli
