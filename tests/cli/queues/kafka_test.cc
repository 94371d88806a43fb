// Topics of Kafka as input and output of jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>

#include "tests/cli/world.h"
#include "tests/queue/kafka_cluster.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class KafkaJobs : public testing::Test {
 protected:
  void make_job(const std::string& options, const std::string& name = "job") const {
    world_.write(name + ".lua", R"(local s = require "sluice"
local at = s.param "brokers"
return s.pipeline {
  name = ")" + name + R"(",
  s.read { s.kafka { brokers = at, topic = "rows",
    config = { ["session.timeout.ms"] = "4000", ["heartbeat.interval.ms"] = "200" }, )" +
                                    options + R"( }, key = "id" },
  s.pack { rows = 20, user = "row {{id}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = 0 } },
  s.sink { ")" + name + R"(.jsonl" },
  s.sink { s.kafka { brokers = at, topic = "answers" } },
}
)");
  }
  std::vector<std::string> command(const std::string& name = "job") const {
    return {"run",   name + ".lua",
            "--set", "base_url=" + world_.base_url(),
            "--set", "brokers=" + cluster_.brokers()};
  }

  World world_;
  queue::KafkaCluster cluster_;
};

TEST_F(KafkaJobs, AreAnsweredAndCommittedAndTheirAnswersSent) {
  world_.start_mock();
  cluster_.add(0, 100);
  make_job("idle_exit = '300ms'");
  const auto ended = world_.sluice(command());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(world_.lines("job.jsonl").size(), 100u);
  EXPECT_EQ(cluster_.committed(), 100);
  std::set<std::string> keys;
  for (const auto& [key, value] : cluster_.messages("answers", 100)) keys.insert(key);
  EXPECT_EQ(keys.size(), 100u);
  EXPECT_THAT(ended.output, HasSubstr("kafka:answers: 100 rows"));
}

TEST_F(KafkaJobs, AreAnsweredFromTheCheckpointAfterAKillBeforeTheCommit) {
  world_.start_mock();
  cluster_.add(0, 40);
  cluster_.refuse_commits(true);
  make_job("idle_exit = '60s'");
  const auto run = world_.start(command());
  EXPECT_TRUE(run->runs_until([&] { return world_.lines("job.jsonl").size() == 40; }))
      << run->errors();
  run->signal(SIGKILL);
  run->wait();
  EXPECT_EQ(cluster_.committed(), -1);
  cluster_.refuse_commits(false);
  const auto requests = world_.mock_stats().requests;
  make_job("idle_exit = '300ms'");
  const auto again = world_.sluice(command());
  EXPECT_EQ(again.status, 0) << again.errors;
  EXPECT_EQ(cluster_.committed(), 40);
  EXPECT_EQ(world_.mock_stats().requests, requests) << "a row was asked again";
  EXPECT_EQ(world_.lines("job.jsonl").size(), 40u);
}

TEST_F(KafkaJobs, AreTakenUpWhereCtrlCLeftThem) {
  world_.start_mock({"--latency-ms", "300"});
  cluster_.add(0, 2000);
  make_job("idle_exit = '60s'", "first");
  const auto run = world_.start(command("first"));
  world_.wait_for_requests(3);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  const std::size_t answered = world_.lines("first.jsonl").size();
  EXPECT_GT(answered, 0u);
  EXPECT_LT(answered, 2000u);
  const auto committed = cluster_.committed();
  EXPECT_LE(committed, static_cast<std::int64_t>(answered));
  make_job("idle_exit = '300ms'", "second");
  const auto second = world_.sluice(command("second"));
  EXPECT_EQ(second.status, 0) << second.errors;
  EXPECT_EQ(world_.lines("second.jsonl").size(), 2000u - static_cast<std::size_t>(committed));
  EXPECT_EQ(cluster_.committed(), 2000);
}

TEST_F(KafkaJobs, ShowNothingOfThePassword) {
  ::setenv("KAFKA_PASSWORD", "geheim", 1);
  world_.start_mock();
  make_job(R"(config = { ["security.protocol"] = "sasl_plaintext", ["sasl.mechanism"] = "PLAIN",
    ["sasl.username"] = "me", ["sasl.password"] = s.secret "KAFKA_PASSWORD" })");
  const auto refused = world_.sluice(command());
  EXPECT_EQ(refused.status, 5) << refused.errors;
  EXPECT_THAT(refused.errors, AllOf(HasSubstr("kafka:rows"), Not(HasSubstr("geheim"))));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

}  // namespace
}  // namespace sluice::cli
