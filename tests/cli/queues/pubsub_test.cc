// Subscriptions and topics of Google Pub/Sub as input and output of jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <set>

#include "tests/cli/world.h"
#include "tests/queue/pubsub_server.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

class PubsubJobs : public testing::Test {
 protected:
  void make_job(const std::string& options) const {
    world_.write("job.lua", R"(local s = require "sluice"
local at = s.param "pubsub"
return s.pipeline {
  name = "job",
  s.read { s.pubsub { subscription = "projects/p/subscriptions/rows", endpoint = at, )" +
                                options + R"( }, key = "id" },
  s.pack { rows = 20, user = "row {{id}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = 0 } },
  s.sink { "job.jsonl" },
  s.sink { s.pubsub { topic = "projects/p/topics/answers", endpoint = at } },
}
)");
  }
  std::vector<std::string> command() const {
    return {"run",   "job.lua",
            "--set", "base_url=" + world_.base_url(),
            "--set", "pubsub=" + server_.endpoint()};
  }

  World world_;
  queue::PubsubServer server_;
};

TEST_F(PubsubJobs, AreAnsweredAndAcknowledgedAndTheirAnswersSent) {
  world_.start_mock();
  server_.add(0, 100);
  make_job("idle_exit = '300ms'");
  const auto ended = world_.sluice(command());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(world_.lines("job.jsonl").size(), 100u);
  EXPECT_EQ(server_.left(), 0u);
  std::set<std::string> keys;
  for (const auto& sent : server_.sent()) keys.insert(sent.key);
  EXPECT_EQ(keys.size(), 100u);
  EXPECT_EQ(server_.sent().size(), 100u);
  EXPECT_THAT(ended.output, HasSubstr("pubsub:answers: 100 rows"));
}

TEST_F(PubsubJobs, AreAnsweredFromTheCheckpointAfterAKillBeforeTheAcknowledgement) {
  world_.start_mock();
  server_.add(0, 40);
  std::atomic<bool> away = true;
  server_.set_faults([&](const std::string& method, int) -> std::optional<int> {
    return away && method == "acknowledge" ? std::optional(503) : std::nullopt;
  });
  make_job("deadline = '10m'");
  const auto run = world_.start(command());
  EXPECT_TRUE(run->runs_until([&] { return world_.lines("job.jsonl").size() == 40; }))
      << run->errors();
  run->signal(SIGKILL);
  run->wait();
  away = false;
  EXPECT_EQ(server_.left(), 40u);
  const auto requests = world_.mock_stats().requests;
  server_.show_all();
  // Some may first be given to a pull of the dead: they come again after the subscription's deadline.
  make_job("idle_exit = '3s'");
  const auto again = world_.sluice(command());
  EXPECT_EQ(again.status, 0) << again.errors;
  EXPECT_EQ(server_.left(), 0u);
  EXPECT_EQ(world_.mock_stats().requests, requests) << "a row was asked again";
  EXPECT_EQ(world_.lines("job.jsonl").size(), 40u);
}

TEST_F(PubsubJobs, GiveBackAtCtrlCWhatWasNotAsked) {
  world_.start_mock({"--latency-ms", "300"});
  server_.add(0, 2000);
  make_job("deadline = '10m'");
  const auto run = world_.start(command());
  world_.wait_for_requests(3);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  EXPECT_EQ(world_.lines("job.jsonl").size() + server_.left(), 2000u);
  EXPECT_EQ(server_.withheld(), 0u);
}

}  // namespace
}  // namespace sluice::cli
