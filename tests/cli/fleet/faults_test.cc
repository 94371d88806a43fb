// What goes wrong around a fleet: the store falls back in time, a process's clock is wrong, jobs come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "jobs.h"
#include "tests/redis_server.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

class FleetFaults : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_REDIS(); }

  struct Job {
    World world;
    std::unique_ptr<Process> process;
  };
  std::unique_ptr<Job> start(const std::string& name, std::size_t rows, const std::string& quota) {
    auto job = std::make_unique<Job>();
    job->world.make_rows(rows);
    make_fleet_job(job->world, {.quota = quota, .name = name});
    job->process = job->world.start(run_at(mock_));
    return job;
  }
  void start_mock() {
    mock_.start_mock({"--rpm", std::to_string(kFleetRpm), "--latency-ms", "50"});
  }
  std::uint64_t refused() const {
    const MockStats stats = mock_.mock_stats();
    return stats.requests - stats.answered - stats.in_flight;
  }

  World mock_;
};

TEST_F(FleetFaults, TwoJobsWithOneKeyGetTheSameOfItHoweverManyRowsTheyHave) {
  const RedisServer redis;
  start_mock();
  constexpr std::size_t kLittle = 400;
  const auto little = start("little", kLittle, redis.url());
  const auto much = start("much", 5000, redis.url());
  EXPECT_EQ(little->process->wait(), 0) << little->process->errors();
  const double answered = static_cast<double>(mock_.mock_stats().answered);
  much->process->signal(SIGINT);
  EXPECT_EQ(much->process->wait(), 4);
  // While both had work to do, each had a half.
  EXPECT_NEAR(answered / kLittle, 2, 0.4);
  EXPECT_LE(refused(), 2U);
}

// As after a fail-over to a replica that was behind, or a restart from a copy.
TEST_F(FleetFaults, AStoreThatFallsBackInTimeDoesNotHaveTheQuotaPassed) {
  SLUICE_NEEDS_TIME();
  RedisServer redis({"--dbfilename", "copy.rdb"});
  start_mock();
  const auto a = start("a", 2000, redis.url());
  const auto b = start("b", 2000, redis.url());
  mock_.wait_for_requests(300);
  const std::string cli = "redis-cli -s " + redis.socket() + " ";
  ASSERT_EQ(std::system((cli + "SAVE >/dev/null").c_str()), 0);
  const auto c = start("c", 300, redis.url());  // of which the copy knows nothing
  mock_.wait_for_requests(700);
  redis.stop(SIGKILL);
  redis.start();
  for (const auto* job : {&c, &a, &b})
    EXPECT_EQ((*job)->process->wait(), 0) << (*job)->process->errors();
  EXPECT_EQ(mock_.mock_stats().answered, 4300U);
  EXPECT_LE(refused(), 4300U / 100);
}

TEST_F(FleetFaults, AProcessWhoseClockIsAnHourWrongSharesAsTheOthersDo) {
  SLUICE_NEEDS_TIME();
#ifdef SLUICE_SANITIZED
  GTEST_SKIP() << "a sanitizer's runtime must be loaded first";
#endif
  const RedisServer redis;
  start_mock();
  const auto right = start("right", 500, redis.url());
  ::setenv("LD_PRELOAD", SLUICE_WRONG_CLOCK, 1);
  const auto wrong = start("wrong", 500, redis.url());
  ::unsetenv("LD_PRELOAD");
  EXPECT_EQ(right->process->wait(), 0) << right->process->errors();
  EXPECT_EQ(wrong->process->wait(), 0) << wrong->process->errors();
  EXPECT_EQ(mock_.mock_stats().answered, 1000U);
  EXPECT_LE(refused(), 2U);
}

}  // namespace
}  // namespace sluice::cli
