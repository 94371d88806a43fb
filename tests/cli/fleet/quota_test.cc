// Several processes with one key, whose quota they share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "jobs.h"
#include "tests/postgres_server.h"
#include "tests/redis_server.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class Fleet : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_REDIS(); }
};

// Of three processes.
void expect_quota_is_shared(const std::string& quota) {
  World mock;
  mock.start_mock({"--rpm", std::to_string(kFleetRpm), "--latency-ms", "50"});
  constexpr int kWorkers = 3;
  constexpr std::size_t kRows = 300;
  std::vector<std::unique_ptr<World>> worlds;
  std::vector<std::unique_ptr<Process>> workers;
  for (int i = 0; i < kWorkers; ++i) {
    worlds.push_back(std::make_unique<World>());
    worlds.back()->make_rows(kRows);
    make_fleet_job(*worlds.back(), {.quota = quota});
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

TEST_F(Fleet, ProcessesWithOneKeyUseItsQuotaTogetherAndDoNotPassIt) {
  const RedisServer redis;
  expect_quota_is_shared(redis.url());
}

TEST(FleetInPostgres, ProcessesWithOneKeyUseItsQuotaTogetherAndDoNotPassIt) {
  SLUICE_NEEDS_POSTGRES();
  const PostgresServer postgres;
  expect_quota_is_shared(postgres.uri());
  EXPECT_EQ(postgres.run("SELECT count(*) FROM sluice_pool"), std::vector<std::string>{"1"});
}

TEST_F(Fleet, WithoutTheStoreNothingIsSentAndARowIsNotLostForIt) {
  RedisServer redis;
  redis.stop(SIGKILL);
  World world;
  world.make_rows(20);
  make_fleet_job(world, {.quota = redis.url()});
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
  make_fleet_job(world, {.quota = "unix://:wrong-and-secret@" + redis.socket()});
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
  make_fleet_job(world, {.quota = "mysql://secret-word@host/db"});
  const auto ended = world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:9/v1"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("quota of fleet"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("secret-word")));
}

}  // namespace
}  // namespace sluice::cli
