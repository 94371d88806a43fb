// Several processes with one budget. The referee is the mock: what it has answered is the bill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "jobs.h"
#include "tests/redis_server.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kOutputPrice = 1000, kInputPrice = 10;  // dollars a million tokens
constexpr double kBudget = 1;

double bill(const World& mock) {
  const MockStats stats = mock.mock_stats();
  return (static_cast<double>(stats.input_tokens) * kInputPrice +
          static_cast<double>(stats.output_tokens) * kOutputPrice) /
         1e6;
}

void make_paid_job(const World& world, const std::string& quota) {
  make_fleet_job(world, {.quota = quota,
                         .endpoint = fmt::format(
                             "max_output_tokens = 8, price = {{ input = {}, output = {} }}",
                             kInputPrice, kOutputPrice),
                         .dispatch = fmt::format("budget = \"${}\"", kBudget)});
}

struct Paid {
  World world;
  std::unique_ptr<Process> process;
  explicit Paid(const std::string& quota) {
    world.make_rows(1500);
    make_paid_job(world, quota);
  }
};

// Two processes of a job whose rows cost more than the budget; one is killed while it asks, and started again.
void expect_budget_holds(const std::string& quota) {
  World mock;
  mock.start_mock({"--rpm", std::to_string(kFleetRpm), "--latency-ms", "100"});
  std::vector<std::unique_ptr<Paid>> jobs;
  for (int i = 0; i < 2; ++i) {
    jobs.push_back(std::make_unique<Paid>(quota));
    jobs.back()->process = jobs.back()->world.start(run_at(mock));
  }
  mock.wait_for_requests(40);
  jobs[0]->process->signal(SIGKILL);
  jobs[0]->process->wait();
  jobs[0]->process = jobs[0]->world.start(run_at(mock));
  for (const auto& job : jobs) {
    EXPECT_EQ(job->process->wait(), 4) << job->process->errors();
    EXPECT_THAT(job->process->output(),
                HasSubstr("the budget of $1.00 that processes share as 'job' is used up"));
    EXPECT_THAT(job->process->output(), Not(HasSubstr("withheld")));
  }
  EXPECT_LE(bill(mock), kBudget);
  EXPECT_GE(bill(mock), 0.9 * kBudget) << "what the killed one held was not spent by anybody";
}

TEST(FleetBudget, ItIsNotPassedByAllOfThemTogetherAlsoWhenOneIsKilled) {
  SLUICE_NEEDS_TIME();
  SLUICE_NEEDS_REDIS();
  const RedisServer redis;
  expect_budget_holds(redis.url());
}

TEST(FleetBudget, AStoreThatHasLostItGivesNothingMoreOut) {
  SLUICE_NEEDS_TIME();
  SLUICE_NEEDS_REDIS();
  RedisServer redis;  // keeps nothing
  World mock;
  mock.start_mock({"--rpm", std::to_string(kFleetRpm), "--latency-ms", "100"});
  Paid job(redis.url());
  job.process = job.world.start(run_at(mock));
  mock.wait_for_requests(20);
  job.process->signal(SIGINT);
  EXPECT_EQ(job.process->wait(), 4);
  const double before = bill(mock);
  redis.stop(SIGKILL);
  redis.start();
  job.process = job.world.start(run_at(mock));
  EXPECT_EQ(job.process->wait(), 4);
  EXPECT_THAT(job.process->output(), HasSubstr("the store has lost what was spent"));
  EXPECT_EQ(bill(mock), before);
}

}  // namespace
}  // namespace sluice::cli
