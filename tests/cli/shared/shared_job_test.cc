// One job on several machines: what is asked once, whatever happens to them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/cli/shared/machines.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(SharedJob, MachinesAskEachRowOnceAndOneWritesTheOutput) {
  constexpr std::size_t kRows = 600;
  for (int i = 0; i < 3; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "20"});
  start_all();
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
  EXPECT_EQ(ledger().answered_requests, kRows);
  for (const auto& world : machines_)
    EXPECT_TRUE(std::filesystem::is_empty(world->path(".sluice/job/workers")))
        << "a process has left its own files";
}

TEST_F(SharedJob, WhoIsKilledOrStoppedPastItsLeaseCostsWhatItHadInFlight) {
  constexpr std::size_t kRows = 900;
  for (int i = 0; i < 3; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "60"});
  start_all();
  mock_.wait_for_requests(150);
  started_[0]->signal(SIGKILL);
  started_[0]->wait();
  started_[1]->signal(SIGSTOP);
  started_.push_back(machines_[0]->start(with("run")));
  EXPECT_EQ(started_[2]->wait(), 0) << started_[2]->errors();
  EXPECT_EQ(started_[3]->wait(), 0) << started_[3]->errors();
  // It finds that its rows were taken, keeps what it had in flight, and sends nothing more.
  started_[1]->signal(SIGCONT);
  EXPECT_EQ(started_[1]->wait(), 0) << started_[1]->errors();
  all_is_proven(kRows);
  const JobStatus all = ledger();
  const MockStats stats = mock_.mock_stats();
  EXPECT_LE(stats.requests, all.answered_requests + all.maybe_billed)
      << "a request that no ledger knows";
  EXPECT_LE(all.maybe_billed, 2U * kSlots);
  EXPECT_LE(stats.requests, kRows + 2U * kSlots);
}

TEST_F(SharedJob, AServerThatIsStartedAgainIsWaitedForAndNothingIsAskedTwice) {
  constexpr std::size_t kRows = 500;
  for (int i = 0; i < 2; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "40"});
  start_all();
  mock_.wait_for_requests(100);
  server_->run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
      "'sluice'");
  mock_.wait_for_requests(200);
  server_->stop(SIGQUIT);
  ASSERT_TRUE(started_[0]->runs_until([&] {
    return started_[0]->errors().find("the shared checkpoint is away") != std::string::npos;
  })) << started_[0]->errors();
  server_->start();
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
}

TEST_F(SharedJob, WhatAPromotedServerLacksIsPutBackAndNothingIsAskedTwice) {
  constexpr std::size_t kRows = 1200;
  for (int i = 0; i < 3; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "60"});
  start_all();
  for (const std::uint64_t asked : {100, 400, 800}) {
    mock_.wait_for_requests(asked);
    note_what_is_there();
    mock_.wait_for_requests(asked + 100);
    go_back_to_it();
  }
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
  EXPECT_EQ(ledger().answered_requests, kRows);
}

// The end of the job is where nobody has anything more to say that would find out what is lost.
TEST_F(SharedJob, WhatIsLostOfTheEndOfAJobIsPutBackToo) {
  constexpr std::size_t kRows = 300;
  for (int i = 0; i < 2; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "40"});
  start_all();
  mock_.wait_for_requests(kRows - 20);
  note_what_is_there();
  mock_.wait_for_requests(kRows);
  go_back_to_it();
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
}

TEST_F(SharedJob, AShardThatWasGivenWithoutItsWorkersKnowingIsReadToo) {
  constexpr std::size_t kRows = 400;
  for (int i = 0; i < 2; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "40"});
  start_all();
  mock_.wait_for_requests(60);
  // Twice, as where the second reply to a question was lost too.
  for (int i = 0; i < 2; ++i)
    server_->run(
        "WITH n AS (UPDATE sluice_job SET next_shard = next_shard + 1 RETURNING id, generation, "
        "next_shard - 1 AS no) INSERT INTO sluice_shard(job, generation, no, worker) SELECT n.id, "
        "n.generation, n.no, (SELECT min(w.id) FROM sluice_worker w WHERE w.state = 'alive') FROM "
        "n");
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
}

// It was given to a process that died in the moments that a promoted server lacks; others have those behind it.
TEST_F(SharedJob, AShardOfWhichNobodyKnowsWhoseItIsIsReadToo) {
  constexpr std::size_t kRows = 400;
  for (int i = 0; i < 2; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "40"});
  start_all();
  mock_.wait_for_requests(60);
  server_->run("UPDATE sluice_job SET next_shard = next_shard + 1");
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
}

TEST_F(SharedJob, CtrlCOnAllMachinesAndTheSameCommandsGoOn) {
  constexpr std::size_t kRows = 400;
  for (int i = 0; i < 2; ++i) machine(kRows);
  mock_.start_mock({"--latency-ms", "40"});
  start_all();
  mock_.wait_for_requests(100);
  for (const auto& process : started_) process->signal(SIGINT);
  for (const auto& process : started_) EXPECT_EQ(process->wait(), 4) << process->errors();
  started_.clear();
  const auto status = machines_[0]->sluice(with("status"));
  EXPECT_THAT(status.output, AllOf(HasSubstr("0 processes at work"), HasSubstr("left by")));
  start_all();
  all_end_well();
  all_is_proven(kRows);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
}

TEST_F(SharedJob, ABudgetIsOneForAllAndWhatAKilledProcessHeldOthersSpend) {
  SLUICE_NEEDS_TIME();
  constexpr double kBudget = 2;
  for (int i = 0; i < 3; ++i) {
    World& world = machine(3000);
    std::string job = world.read("job.lua");
    const auto replace = [&job](const std::string& what, const std::string& by) {
      job.replace(job.find(what), what.size(), by);
    };
    replace("price = { input = 1, output = 2 } }",
            "price = { input = 100, output = 200 }, max_output_tokens = 20 }, budget = 2");
    replace("fleet = {", "fleet = { quota = \"" + server_->url() + "\",");
    replace("max_concurrency = 4, ", "");
    world.write("job.lua", job);
  }
  mock_.start_mock({"--latency-ms", "100"});
  start_all();
  mock_.wait_for_requests(60);
  started_[0]->signal(SIGKILL);
  started_[0]->wait();
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(started_[i]->wait(), 4) << started_[i]->errors();
    EXPECT_THAT(started_[i]->output(), HasSubstr("is used up"));
  }
  const MockStats stats = mock_.mock_stats();
  const double bill = static_cast<double>(stats.input_tokens) * 100e-6 +
                      static_cast<double>(stats.output_tokens) * 200e-6;
  EXPECT_LE(bill, kBudget);
  EXPECT_GE(bill, 0.7 * kBudget) << "what was in flight when one was killed counts at its worst";
}

TEST_F(SharedJob, AnotherQuestionWaitsForThoseAtWorkAndBeginsAnew) {
  constexpr std::size_t kRows = 300;
  World& one = machine(kRows);
  mock_.start_mock({"--latency-ms", "60"});
  start_all();
  mock_.wait_for_requests(50);
  World& two = machine(kRows, "Sort otherwise.");
  const auto refused = two.sluice(with("run"));
  EXPECT_THAT(refused.errors, HasSubstr("another version of the pipeline file"));
  all_end_well();
  EXPECT_EQ(wrong_with_output(one, kRows), "");
  const auto ended = two.sluice(with("run"));
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(mock_.mock_stats().requests, 2 * kRows);
  // And back: all is answered.
  write_job(two);
  const auto back = two.sluice(with("run"));
  EXPECT_EQ(back.status, 0) << back.errors;
  EXPECT_EQ(wrong_with_output(two, kRows), "");
  EXPECT_EQ(mock_.mock_stats().requests, 2 * kRows);
}

TEST_F(SharedJob, WhatCannotBeSharedIsSaid) {
  World& world = machine(1);
  mock_.start_mock();
  EXPECT_THAT(world.sluice(with("run", {"--limit", "3"})).errors, HasSubstr("--limit reads"));
  const std::string job = world.read("job.lua");
  const auto refused = [&](const std::string& what, const std::string& by) {
    std::string changed = job;
    changed.replace(changed.find(what), what.size(), by);
    world.write("job.lua", changed);
    return world.sluice(with("run")).errors;
  };
  EXPECT_THAT(refused(R"("in.jsonl")", R"("-")"), HasSubstr("standard input is one process's own"));
  EXPECT_THAT(refused("checkpoint =", "checkpointed ="), HasSubstr("checkpointed"));
  EXPECT_THAT(refused("user=sluice", "user=guarded password=word-to-hide"),
              AllOf(HasSubstr("cannot connect"), Not(HasSubstr("word-to-hide"))));
  EXPECT_EQ(mock_.mock_stats().requests, 0U);
}

TEST_F(SharedJob, FreshForgetsWhatAllHaveDone) {
  constexpr std::size_t kRows = 60;
  World& world = machine(kRows);
  mock_.start_mock();
  start_all();
  all_end_well();
  EXPECT_EQ(world.sluice(with("run")).status, 0);
  EXPECT_EQ(mock_.mock_stats().requests, kRows);
  const auto again = world.sluice(with("run", {"--fresh"}));
  EXPECT_EQ(again.status, 0) << again.errors;
  EXPECT_EQ(mock_.mock_stats().requests, 2 * kRows);
  EXPECT_EQ(wrong_with_output(world, kRows), "");
}

}  // namespace
}  // namespace sluice::cli
