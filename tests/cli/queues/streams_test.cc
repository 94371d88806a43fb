// Streams of Redis as input and output of jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <random>

#include "redis/caller.h"
#include "tests/cli/world.h"
#include "tests/eventually.h"
#include "tests/redis_server.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Streams : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_REDIS();
    server_.emplace(std::vector<std::string>{"--appendonly", "yes"});
    ::setenv("REDIS_URL", server_->url().c_str(), 1);
    connect();
  }
  void connect() {
    redis::Settings settings;
    settings.url = redis::parse_url(server_->url()).value();
    caller_ = redis::Caller::make(settings).value();
  }

  redis::Reply ask(std::vector<std::string> words) const {
    auto reply = caller_->command({.words = std::move(words), .idempotent = true});
    EXPECT_TRUE(reply.has_value()) << reply.error().message;
    return reply.value_or(redis::Reply{});
  }
  void add_rows(std::size_t from, std::size_t to) const {
    std::vector<redis::Command> commands;
    for (std::size_t i = from; i < to; ++i) {
      const std::string id = "T-" + std::to_string(i);
      commands.push_back({.words = {"XADD", "rows", "*", "json",
                                    R"({"id":")" + id + R"(","text":"row of )" + id + "\"}"}});
    }
    for (const auto& outcome : caller_->commands(std::move(commands)))
      ASSERT_TRUE(outcome.has_value());
  }
  bool has_group() const {
    return ask({"EXISTS", "rows"}).integer == 1 && !ask({"XINFO", "GROUPS", "rows"}).items.empty();
  }
  std::int64_t pending() const { return ask({"XPENDING", "rows", "sluice"}).items.at(0).integer; }

  // "NAME.lua", with its own checkpoint and output: a worker.
  void make_worker(const std::string& name, const std::string& options = "idle_exit = '300ms'",
                   const std::string& sink = "", int rows = 20) const {
    world_.write(name + ".lua", R"(local s = require "sluice"
return s.pipeline {
  name = ")" + name + R"(",
  s.read { s.redis_stream { url = s.secret "REDIS_URL", stream = "rows", field = "json", )" +
                                    options +
                                    R"( }, key = "id" },
  s.pack { rows = )" + std::to_string(rows) +
                                    R"(, user = "{{text}}",
           answer = { colour = s.one_of { "red", "green" }, size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = 0 } },
  s.sink { ")" + name + R"(.jsonl" },)" +
                                    sink + "\n}\n");
  }
  std::vector<std::string> command(const std::string& name) const {
    return {"run", name + ".lua", "--set", "base_url=" + world_.base_url()};
  }
  // How often each key stands in the outputs of these workers.
  std::map<std::string, int> answered(const std::vector<std::string>& names) const {
    std::map<std::string, int> keys;
    for (const std::string& name : names) {
      for (const std::string& line : world_.lines(name + ".jsonl")) {
        const std::size_t at = line.find("T-");
        ++keys[line.substr(at, line.find('"', at) - at)];
      }
    }
    return keys;
  }

  World world_;
  std::optional<RedisServer> server_;
  std::unique_ptr<redis::Caller> caller_;
};

TEST_F(Streams, AreAnsweredAndAcknowledged) {
  world_.start_mock();
  add_rows(0, 500);
  make_worker("job");
  const auto ended = world_.sluice(command("job"));
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(answered({"job"}).size(), 500u);
  EXPECT_EQ(world_.lines("job.jsonl").size(), 500u);
  EXPECT_EQ(pending(), 0);
  // What has ended stays, though the input of the next run does not have it.
  add_rows(500, 600);
  EXPECT_EQ(world_.sluice(command("job")).status, 0);
  EXPECT_EQ(world_.lines("job.jsonl").size(), 600u);
  EXPECT_EQ(world_.mock_stats().rows, 600u);
  const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output;
}

TEST_F(Streams, ThatComeAgainAreFoundInTheCheckpoint) {
  world_.start_mock();
  add_rows(0, 300);
  make_worker("job");
  EXPECT_EQ(world_.sluice(command("job")).status, 0);
  ask({"XGROUP", "SETID", "rows", "sluice", "0"});  // as if no acknowledgement had come
  EXPECT_EQ(world_.sluice(command("job")).status, 0);
  EXPECT_EQ(pending(), 0);
  EXPECT_EQ(world_.mock_stats().rows, 300u) << "a row was asked twice";
  EXPECT_EQ(world_.lines("job.jsonl").size(), 300u);
}

// Held up by the server, no acknowledgement can come before the kill, and all answers are durable by then.
TEST_F(Streams, AreAnsweredFromTheCheckpointAfterAKillBeforeTheAcknowledgement) {
  constexpr std::int64_t kRows = 40;
  world_.start_mock();
  world_.signal_mock(SIGSTOP);  // no answer yet
  add_rows(0, kRows);
  make_worker("job", "take_over = '60s'");
  const auto run = world_.start(command("job"));
  EXPECT_TRUE(run->runs_until([&] { return has_group() && pending() == kRows; })) << run->errors();
  ask({"CLIENT", "PAUSE", "600000", "WRITE"});
  world_.signal_mock(SIGCONT);
  EXPECT_TRUE(run->runs_until([&] { return world_.lines("job.jsonl").size() == kRows; }))
      << run->errors();
  run->signal(SIGKILL);
  run->wait();
  // What it has sent is gone with its connections.
  ASSERT_TRUE(eventually([&] { return !ask({"CLIENT", "LIST"}).text.contains("name=sluice"); }));
  ask({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(pending(), kRows);
  const auto requests = world_.mock_stats().requests;
  make_worker("job", "take_over = '60s', idle_exit = '300ms'");
  const auto again = world_.sluice(command("job"));
  EXPECT_EQ(again.status, 0) << again.errors;
  EXPECT_EQ(pending(), 0);
  EXPECT_EQ(world_.mock_stats().requests, requests) << "a row was asked again";
  EXPECT_EQ(world_.lines("job.jsonl").size(), static_cast<std::size_t>(kRows));
}

TEST_F(Streams, AreDrainedAtCtrlC) {
  world_.start_mock({"--latency-ms", "300"});
  add_rows(0, 3000);
  make_worker("job", "take_over = '60s'", "", 1);
  const auto run = world_.start(command("job"));
  world_.wait_for_requests(100);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  const std::size_t ended = world_.lines("job.jsonl").size();
  EXPECT_GT(ended, 0u);
  // What was asked is acknowledged; what was only read can be taken by any worker at once.
  EXPECT_EQ(world_.mock_stats().rows, ended);
  make_worker("other", "take_over = '60s', idle_exit = '300ms', max_deliveries = 1", "", 1);
  EXPECT_EQ(world_.sluice(command("other")).status, 0);
  EXPECT_EQ(answered({"job", "other"}).size(), 3000u);
  EXPECT_EQ(world_.lines("other.jsonl").size(), 3000u - ended);
  EXPECT_EQ(world_.mock_stats().rows, 3000u) << "a row was asked twice";
  EXPECT_EQ(pending(), 0);
}

TEST_F(Streams, AreReadUpToALimit) {
  world_.start_mock();
  add_rows(0, 300);
  make_worker("job");
  auto limited = command("job");
  limited.insert(limited.end(), {"--limit", "40"});
  EXPECT_EQ(world_.sluice(limited).status, 0);
  EXPECT_EQ(world_.lines("job.jsonl").size(), 40u);
  EXPECT_EQ(world_.sluice(command("job")).status, 0);
  EXPECT_EQ(answered({"job"}).size(), 300u);
  EXPECT_EQ(world_.mock_stats().rows, 300u);
}

// Kills one of two workers at a moment by chance: what it held is taken over.
TEST_F(Streams, AreSharedByWorkersOfWhichOneIsKilled) {
  constexpr std::size_t kRows = 10'000;
  world_.start_mock({"--latency-ms", "100"});
  add_rows(0, kRows);
  for (const char* name : {"a", "b"}) make_worker(name, "take_over = '4s', idle_exit = '6s'");
  const auto a = world_.start(command("a"));
  const auto b = world_.start(command("b"));
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  EXPECT_TRUE(a->runs_until([&] { return world_.mock_stats().requests >= 80; })) << a->errors();
  ::usleep(static_cast<useconds_t>(random() % 200'000));
  a->signal(SIGKILL);
  a->wait();
  EXPECT_EQ(b->wait(), 0) << b->errors();
  EXPECT_EQ(pending(), 0);
  // The killed one's answers are in its checkpoint: its next run writes what its output lacks.
  EXPECT_EQ(world_.sluice(command("a")).status, 0);
  const auto keys = answered({"a", "b"});
  EXPECT_EQ(keys.size(), kRows) << "rows were lost";
  // None but those whose answer was durable when the kill came before the acknowledgement, and in no worker twice.
  std::size_t twice = 0;
  for (const auto& [key, count] : keys) twice += count > 1;
  EXPECT_EQ(world_.lines("a.jsonl").size() + world_.lines("b.jsonl").size(), kRows + twice);
  for (const char* name : {"a", "b"})
    EXPECT_EQ(answered({name}).size(), world_.lines(std::string(name) + ".jsonl").size());
  std::printf("the killed worker answered %zu rows; %zu of them were answered twice\n",
              world_.lines("a.jsonl").size(), twice);
}

TEST_F(Streams, OutliveARestartOfTheServer) {
  world_.start_mock({"--latency-ms", "20"});
  add_rows(0, 4000);
  make_worker("job", "take_over = '30s', idle_exit = '3s'");
  const auto run = world_.start(command("job"));
  world_.wait_for_requests(20);
  server_->stop(SIGTERM);
  server_->start();
  connect();
  EXPECT_EQ(run->wait(), 0) << run->errors();
  EXPECT_EQ(answered({"job"}).size(), 4000u);
  EXPECT_EQ(world_.lines("job.jsonl").size(), 4000u);
  EXPECT_EQ(pending(), 0);
}

TEST_F(Streams, RejectARowThatKillsItsWorkers) {
  world_.start_mock({"--latency-ms", "60000"});
  add_rows(0, 1);
  make_worker("job", "max_deliveries = 2, idle_exit = '300ms'");
  for (int times = 1; times <= 2; ++times) {
    const auto run = world_.start(command("job"));
    world_.wait_for_requests(static_cast<std::uint64_t>(times));
    run->signal(SIGKILL);
    run->wait();
  }
  const auto ended = world_.sluice(command("job"));
  EXPECT_EQ(ended.status, 1) << ended.errors;
  EXPECT_THAT(world_.read("job.rejects.jsonl"),
              AllOf(HasSubstr("\"too_many_deliveries\""), HasSubstr("was delivered 2 times"),
                    HasSubstr("row of T-0")));
  EXPECT_EQ(pending(), 0);
  EXPECT_EQ(world_.mock_stats().requests, 2u);
}

TEST_F(Streams, TakeAnswersWhileTheRunGoesOnEachOnce) {
  world_.start_mock();
  add_rows(0, 300);
  make_worker(
      "job", "take_over = '30s'",
      "\n  s.sink { s.redis_stream { url = s.secret \"REDIS_URL\", stream = \"answers\" } },");
  const auto run = world_.start(command("job"));
  EXPECT_TRUE(run->runs_until([&] { return ask({"XLEN", "answers"}).integer == 300; }))
      << run->errors();
  add_rows(300, 400);
  EXPECT_TRUE(run->runs_until([&] { return world_.lines("job.jsonl").size() == 400; }));
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  EXPECT_EQ(ask({"XLEN", "answers"}).integer, 400);
  EXPECT_THAT(run->output(), HasSubstr("redis:answers: 400 rows"));
  const redis::Reply first =
      ask({"XRANGE", "answers", "-", "+", "COUNT", "1"}).items.at(0).items.at(1);
  EXPECT_EQ(first.items.at(0).text, "key");
  EXPECT_THAT(first.items.at(3).text, HasSubstr("\"colour\""));
}

TEST_F(Streams, ShowNothingOfThePassword) {
  ::setenv("REDIS_URL", ("unix://:geheim@" + server_->socket()).c_str(), 1);
  ask({"CONFIG", "SET", "requirepass", "right"});
  world_.start_mock();
  make_worker("job");
  const auto refused = world_.sluice(command("job"));
  EXPECT_EQ(refused.status, 5) << refused.errors;
  EXPECT_THAT(refused.errors,
              AllOf(HasSubstr("refuses the password of its URL"), Not(HasSubstr("geheim"))));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

TEST_F(Streams, AreNotTakenByCommandsThatLook) {
  world_.start_mock();
  add_rows(0, 5);
  make_worker("job");
  const auto check = world_.sluice({"check", "job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_EQ(check.status, 0) << check.errors;
  EXPECT_THAT(check.output, HasSubstr("redis:rows"));
  const auto tried =
      world_.sluice({"try", "job.lua", "--rows", "2", "--set", "base_url=" + world_.base_url()});
  EXPECT_EQ(tried.status, 0) << tried.errors;
  EXPECT_TRUE(ask({"XINFO", "GROUPS", "rows"}).items.empty());
}

}  // namespace
}  // namespace sluice::cli
