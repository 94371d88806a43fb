// Batches of a job that several machines share: one has it at a time, and what was out when that dies is neither lost nor
// made twice.
#include <simdjson.h>

#include <csignal>
#include <map>
#include <random>
#include <tuple>

#include "tests/cli/shared/machines.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kBatches = R"(, tiers = { { "batch", requests = 50, search = "1s" } })";

class SharedBatches : public SharedJob {
 protected:
  std::uint64_t calls() const {
    simdjson::dom::parser parser;
    std::uint64_t count = 0;
    const std::string stats = mock_.mock_report();
    std::ignore = parser.parse(stats)["batch"]["calls"].get(count);
    return count;
  }
  // How often a batch of each name was made.
  std::map<std::string, std::uint64_t> made() const {
    const std::string stats = mock_.mock_report();
    simdjson::dom::parser parser;
    simdjson::dom::object labels;
    std::map<std::string, std::uint64_t> all;
    if (parser.parse(stats)["batch"]["by_label"].get(labels) != simdjson::SUCCESS) return all;
    for (const auto& [name, count] : labels) all[std::string(name)] = count.get_uint64().value();
    return all;
  }
  void each_was_made_once(std::size_t batches) const {
    const auto all = made();
    EXPECT_EQ(all.size(), batches);
    for (const auto& [name, times] : all) EXPECT_EQ(times, 1U) << name;
  }
  bool wait_until_made(std::size_t batches) {
    return started_.front()->runs_until([&] { return made().size() >= batches; });
  }
};

TEST_F(SharedBatches, OfAKilledMachineAreBroughtHomeByAnother) {
  constexpr std::size_t kRows = 200;
  for (int i = 0; i < 2; ++i) machine(kRows, "Sort.", kBatches);
  mock_.start_mock({"--batch-turnaround", "5h"});
  started_.push_back(machines_[0]->start(with("run")));
  ASSERT_TRUE(wait_until_made(4)) << started_[0]->errors();
  started_.push_back(machines_[1]->start(with("run")));
  ASSERT_TRUE(started_[1]->runs_until([&] {
    return started_[1]->errors().find("its batches are one process's at a time") !=
           std::string::npos;
  })) << started_[1]->errors();
  started_[0]->signal(SIGKILL);
  started_[0]->wait();
  EXPECT_THAT(machines_[1]->sluice(with("batches")).output, HasSubstr("<= $"));
  EXPECT_EQ(started_[1]->wait(), 0) << started_[1]->errors();
  started_.clear();
  all_is_proven(kRows);
  each_was_made_once(4);
  EXPECT_EQ(ledger().answered_requests, kRows);
}

TEST_F(SharedBatches, GoOnAfterCtrlCOnAnotherMachineAndCanBeCancelledFromAThird) {
  constexpr std::size_t kRows = 100;
  for (int i = 0; i < 3; ++i) machine(kRows, "Sort.", kBatches);
  mock_.start_mock({"--batch-turnaround", "20h"});
  started_.push_back(machines_[0]->start(with("run", {"--detach"})));
  EXPECT_EQ(started_[0]->wait(), 4) << started_[0]->errors();
  EXPECT_EQ(made().size(), 2U);
  started_.clear();
  write_job(*machines_[2]);
  const auto without = machines_[2]->sluice(with("run"));
  EXPECT_EQ(without.status, 3);
  EXPECT_THAT(without.errors, HasSubstr("batches of this job are out"));
  write_job(*machines_[2], "Sort.", kBatches);
  started_.push_back(machines_[1]->start(with("run")));
  ASSERT_TRUE(started_[0]->runs_until([&] {
    return started_[0]->errors().find("2 out") != std::string::npos;
  })) << started_[0]->errors();
  const auto cancelled = machines_[2]->sluice(with("batches", {"--cancel"}));
  EXPECT_EQ(cancelled.status, 0) << cancelled.errors;
  // What was cancelled has no answers, so its rows are asked in other batches.
  EXPECT_TRUE(wait_until_made(4)) << started_[0]->errors();
  started_[0]->signal(SIGINT);
  EXPECT_EQ(started_[0]->wait(), 4) << started_[0]->errors();
}

TEST_F(SharedBatches, SurviveKillsAtAnyMomentAndAProvidersFaults) {
  SLUICE_NEEDS_TIME();
  constexpr std::size_t kRows = 600;
  for (int i = 0; i < 3; ++i) machine(kRows, "Sort.", kBatches);
  mock_.start_mock({"--batch-turnaround", "3h", "--batch-unlisted", "200ms", "--batch-lose-create",
                    "0.3", "--batch-lose-upload", "0.15", "--batch-call-error", "0.02",
                    "--batch-cut-results", "0.1", "--batch-shuffle", "0.5"});
  start_all();
  std::mt19937 draw(1);
  for (int round = 0; round < 8; ++round) {
    const std::uint64_t then = calls() + 1 + draw() % 12;
    if (!started_[0]->runs_until([&] { return calls() >= then; })) break;
    for (std::size_t i = 0; i < started_.size(); ++i) {
      started_[i]->signal(SIGKILL);
      started_[i]->wait();
      started_[i] = machines_[i]->start(with("run"));
    }
  }
  all_end_well();
  all_is_proven(kRows);
  for (const auto& [name, times] : made()) EXPECT_EQ(times, 1U) << name;
  EXPECT_EQ(mock_.mock_stats().repeated_rows, 0U) << "a row is asked twice";
}

}  // namespace
}  // namespace sluice::cli
