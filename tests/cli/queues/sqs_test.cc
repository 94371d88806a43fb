// Queues of SQS as input and output of jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <set>

#include "tests/cli/world.h"
#include "tests/eventually.h"
#include "tests/queue/sqs_server.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SqsJobs : public testing::Test {
 protected:
  void SetUp() override { ::setenv("SQS_KEYS", queue::SqsServer::kKeys, 1); }

  void add_rows(int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string id = "T-" + std::to_string(i);
      server_.add(R"({"id":")" + id + R"(","text":"row of )" + id + "\"}");
    }
  }
  void make_job(const std::string& options, const std::string& sink = "") const {
    world_.write("job.lua", R"(local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { s.sqs { url = ")" + server_.url() +
                                R"(", credentials = s.secret "SQS_KEYS", )" + options +
                                R"( }, key = "id" },
  s.pack { rows = 20, user = "{{text}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = 0 } },
  s.sink { "job.jsonl" },)" + sink +
                                "\n}\n");
  }
  std::vector<std::string> command() const {
    return {"run", "job.lua", "--set", "base_url=" + world_.base_url()};
  }
  std::string answers() const {
    return R"(
  s.sink { s.sqs { url = ")" +
           server_.url("answers") + R"(", credentials = s.secret "SQS_KEYS" } },)";
  }

  World world_;
  queue::SqsServer server_;
};

TEST_F(SqsJobs, AreAnsweredAndDeletedAndTheirAnswersSent) {
  world_.start_mock();
  add_rows(0, 100);
  make_job("idle_exit = '300ms'", answers());
  const auto ended = world_.sluice(command());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(world_.lines("job.jsonl").size(), 100u);
  EXPECT_EQ(server_.left(), 0u);
  std::set<std::string> keys;
  for (const auto& sent : server_.sent()) keys.insert(sent.key);
  EXPECT_EQ(keys.size(), 100u);
  EXPECT_EQ(server_.sent().size(), 100u);
  EXPECT_THAT(ended.output, HasSubstr("sqs:answers: 100 rows"));
}

TEST_F(SqsJobs, TakenInAreTheJobsOwnAndAreAskedOnceWhateverIsKilled) {
  world_.start_mock({"--latency-ms", "300"});
  add_rows(0, 400);
  make_job("ack = 'intake', visibility = '1h', idle_exit = '500ms'");
  std::string job = world_.read("job.lua");
  job.replace(job.find("price = 0"), 0, "max_concurrency = 1, ");
  world_.write("job.lua", job);
  std::unique_ptr<Process> run;
  for (const int signal : {SIGKILL, SIGINT}) {
    const std::size_t before = world_.lines("job.jsonl").size();
    run = world_.start(command());
    EXPECT_TRUE(run->runs_until([&] {
      return server_.left() == 0 && world_.lines("job.jsonl").size() > before;
    })) << run->errors();
    run->signal(signal);
    run->wait();
  }
  EXPECT_THAT(world_.sluice({"status", "job.lua", "--set", "base_url=" + world_.base_url()}).output,
              HasSubstr("of the queue's rows wait here"));
  auto fresh = command();
  fresh.emplace_back("--fresh");
  EXPECT_THAT(world_.sluice(fresh).errors, HasSubstr("run the job without --fresh first"));
  const auto ended = world_.sluice(command());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  const auto lines = world_.lines("job.jsonl");
  EXPECT_EQ(lines.size(), 400u);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 400u);
  EXPECT_LE(world_.mock_stats().rows, 400u + 20) << "but for what was in flight at the kill";
}

TEST_F(SqsJobs, AreAnsweredFromTheCheckpointAfterAKillBeforeTheAcknowledgement) {
  world_.start_mock();
  add_rows(0, 40);
  make_job("visibility = '1h'");
  std::atomic<bool> away = true;
  server_.set_faults([&](const std::string& action, int) -> std::optional<queue::SqsServer::Fault> {
    if (away && action == "DeleteMessageBatch")
      return queue::SqsServer::Fault{503, "ServiceUnavailable"};
    return std::nullopt;
  });
  const auto run = world_.start(command());
  EXPECT_TRUE(run->runs_until([&] { return world_.lines("job.jsonl").size() == 40; }))
      << run->errors();
  run->signal(SIGKILL);
  run->wait();
  // What it asked for last would take them.
  ASSERT_TRUE(eventually([&] { return server_.waiting() == 0; }));
  away = false;
  EXPECT_EQ(server_.left(), 40u);
  const auto requests = world_.mock_stats().requests;
  server_.show_all();
  make_job("idle_exit = '300ms'");
  const auto again = world_.sluice(command());
  EXPECT_EQ(again.status, 0) << again.errors;
  EXPECT_EQ(server_.left(), 0u);
  EXPECT_EQ(world_.mock_stats().requests, requests) << "a row was asked again";
  EXPECT_EQ(world_.lines("job.jsonl").size(), 40u);
}

TEST_F(SqsJobs, GiveBackAtCtrlCWhatWasNotAsked) {
  world_.start_mock({"--latency-ms", "300"});
  add_rows(0, 2000);
  make_job("visibility = '1h'");
  const auto run = world_.start(command());
  world_.wait_for_requests(3);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  EXPECT_EQ(world_.lines("job.jsonl").size() + server_.left(), 2000u);
  EXPECT_EQ(server_.withheld(), 0u);
}

TEST_F(SqsJobs, AreNotLookedAt) {
  world_.start_mock();
  make_job("idle_exit = '1s'");
  const auto tried = world_.sluice({"try", "job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_NE(tried.status, 0);
  EXPECT_THAT(tried.errors, HasSubstr("cannot be looked at without taking them"));
  EXPECT_EQ(server_.calls("ReceiveMessage"), 0);
}

TEST_F(SqsJobs, ShowNothingOfTheKeys) {
  ::setenv("SQS_KEYS", "TESTKEY:geheim", 1);
  world_.start_mock();
  make_job("idle_exit = '1s'");
  const auto refused = world_.sluice(command());
  EXPECT_EQ(refused.status, 5) << refused.errors;
  EXPECT_THAT(refused.errors,
              AllOf(HasSubstr("these keys are not valid there"), Not(HasSubstr("geheim"))));
}

}  // namespace
}  // namespace sluice::cli
