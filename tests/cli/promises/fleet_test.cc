// Several processes with one key, whose quota they share through Redis. The referee is the mock, with the limit of one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/cli/world.h"
#include "tests/redis_server.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kRpm = 6000;

class Fleet : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_REDIS(); }

  static void make_job(const World& world, const std::string& quota) {
    world.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ user = "{{{{text}}}}", answer = {{ colour = s.one_of {{ "red", "green" }} }} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", key = "one-key-of-all", rpm = {} }} }},
  s.sink {{ "out.jsonl" }},
  fleet = {{ quota = "{}" }},
}}
)lua",
                                       kRpm, quota));
  }
  static std::vector<std::string> run_at(const World& mock) {
    return {"run", "job.lua", "--set", "base_url=" + mock.base_url()};
  }
};

TEST_F(Fleet, ProcessesWithOneKeyUseItsQuotaTogetherAndDoNotPassIt) {
  const RedisServer redis;
  World mock;
  mock.start_mock({"--rpm", std::to_string(kRpm), "--latency-ms", "50"});
  constexpr int kWorkers = 3;
  constexpr std::size_t kRows = 300;
  std::vector<std::unique_ptr<World>> worlds;
  std::vector<std::unique_ptr<Process>> workers;
  for (int i = 0; i < kWorkers; ++i) {
    worlds.push_back(std::make_unique<World>());
    worlds.back()->make_rows(kRows);
    make_job(*worlds.back(), redis.url());
    workers.push_back(worlds.back()->start(run_at(mock)));
  }
  for (int i = 0; i < kWorkers; ++i) {
    EXPECT_EQ(workers[static_cast<std::size_t>(i)]->wait(), 0)
        << workers[static_cast<std::size_t>(i)]->errors();
    EXPECT_EQ(wrong_with_output(*worlds[static_cast<std::size_t>(i)], kRows), "");
  }
  const MockStats stats = mock.mock_stats();
  EXPECT_EQ(stats.answered, kWorkers * kRows);
  EXPECT_LE(stats.requests - stats.answered, 2U) << "refused";
}

TEST_F(Fleet, WithoutTheStoreNothingIsSentAndARowIsNotLostForIt) {
  RedisServer redis;
  redis.stop(SIGKILL);
  World world;
  world.make_rows(20);
  make_job(world, redis.url());
  world.start_mock();
  const auto run = world.start(run_at(world));
  ASSERT_TRUE(run->runs_until([&] {
    return run->errors().find("the store of shared quotas is not reached") != std::string::npos;
  })) << run->errors();
  EXPECT_EQ(world.mock_stats().requests, 0U);
  redis.start();
  EXPECT_EQ(run->wait(), 0) << run->errors();
  EXPECT_EQ(wrong_with_output(world, 20), "");
}

TEST_F(Fleet, APasswordOfTheStoreIsNeverShown) {
  const RedisServer redis({"--requirepass", "right"});
  World world;
  world.make_rows(5);
  make_job(world, "unix://:wrong-and-secret@" + redis.socket());
  world.start_mock();
  const auto run = world.start(run_at(world));
  ASSERT_TRUE(run->runs_until([&] {
    return run->errors().find("is not reached") != std::string::npos;
  })) << run->errors();
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  EXPECT_THAT(run->errors() + run->output(), Not(HasSubstr("wrong-and-secret")));
  EXPECT_EQ(world.mock_stats().requests, 0U);
}

TEST_F(Fleet, AnAddressThatIsNoneIsAMistakeOfTheFile) {
  World world;
  world.make_rows(1);
  make_job(world, "mysql://secret-word@host/db");
  const auto ended = world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:9/v1"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("quota of fleet"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("secret-word")));
}

}  // namespace
}  // namespace sluice::cli
