// Whole runs, with a sender and a checkpoint of the test's own: what the flow makes of outcomes.
#include "job/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <stdexcept>

#include "tests/stages/scripted_sender.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using namespace std::chrono_literals;
using provider::Action;
using provider::Cause;
using testing::HasSubstr;

// The machine's, set forward at will. Any thread.
class JumpingClock final : public core::Clock {
 public:
  core::Time now() const override { return machine_.now() + core::Duration(ahead_); }
  core::WallTime wall_now() const override { return machine_.wall_now() + core::Duration(ahead_); }
  void jump(core::Duration by) { ahead_ += by.count(); }

 private:
  const core::SystemClock machine_;
  std::atomic<core::Duration::rep> ahead_ = 0;
};

class RunTest : public testing::Test {
 protected:
  RunTest() {
    spec_.sink.path = scratch_.path("out.jsonl");
    spec_.sink.rejects = scratch_.path("out.rejects.jsonl");
    spec_.dispatch.retries = 3;
  }

  void rows(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      lines += R"({"id":"k)" + n + R"(","q":"question )" + n + "\"}\n";
    }
    spec_.read.paths = {scratch_.write("in.jsonl", lines)};
  }

  core::Status make(ScriptedSender::Script script) {
    job::RunOptions options;
    options.clock = &clock_;
    options.make_sender =
        [script = std::move(script)](
            const dispatch::SenderSetup& setup) -> core::Result<std::unique_ptr<dispatch::Sender>> {
      return std::make_unique<ScriptedSender>(setup, script);
    };
    options.open_checkpoint =
        [this](const checkpoint::Options&,
               checkpoint::Projection&) -> core::Result<std::unique_ptr<checkpoint::Checkpoint>> {
      auto made = std::make_unique<MemoryCheckpoint>();
      checkpoint_ = made.get();
      checkpoint_->fails_at_commit = fails_at_commit_;
      return made;
    };
    auto made = job::Run::make(spec_, options);
    if (!made) return std::unexpected(made.error());
    run_ = std::move(*made);
    return {};
  }
  core::Result<job::RunResult> run(ScriptedSender::Script script) {
    if (auto made = make(std::move(script)); !made) return std::unexpected(made.error());
    return run_->run();
  }

  // How often each row has ended.
  std::map<core::Hash128, int> ends() const {
    std::map<core::Hash128, int> ends;
    for (const store::Entry& entry : checkpoint_->entries) ++ends[entry.row];
    return ends;
  }
  int count(store::Kind kind) const {
    int count = 0;
    for (const store::Entry& entry : checkpoint_->entries) count += entry.kind == kind ? 1 : 0;
    return count;
  }
  // Each attempt whose intent was recorded is settled once.
  void expect_all_settled() const {
    std::map<std::uint64_t, int> settled;
    for (const store::Settlement& settlement : checkpoint_->settlements)
      ++settled[settlement.attempt];
    for (const store::Intent& intent : checkpoint_->intents)
      EXPECT_EQ(settled[intent.attempt], 1) << intent.attempt;
    EXPECT_EQ(settled.size(), checkpoint_->intents.size());
  }

  Scratch scratch_;
  PipelineSpec spec_ = simple_spec(1);
  JumpingClock clock_;
  std::optional<int> fails_at_commit_;
  MemoryCheckpoint* checkpoint_ = nullptr;  // the run's
  std::unique_ptr<job::Run> run_;
};

provider::Reply yes(const schedule::Send&, const Request&) {
  return good_reply();
}

TEST_F(RunTest, EachRowIsAnswered) {
  rows(1'000);
  const auto result = run(yes);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->end, job::RunEnd::finished);
  EXPECT_EQ(result->progress.rows_ended, 1'000U);
  EXPECT_EQ(ends().size(), 1'000U);
  EXPECT_EQ(count(store::Kind::answer), 1'000);
  expect_all_settled();
}

TEST_F(RunTest, EachRowEndsOnceWhateverComes) {
  rows(600);
  const auto result = run([](const schedule::Send& send, const Request&) {
    if (send.attempt == 50) return failed_reply(Action::retry, Cause::rate_limit, 429);
    switch (send.attempt % 10) {
      case 3:
        return good_reply("not what was asked for");
      case 5:
        return failed_reply(Action::dead, Cause::content_filter, 400);
      default:
        return good_reply();
    }
  });
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->end, job::RunEnd::finished);
  EXPECT_EQ(ends().size(), 600U);
  for (const auto& [row, times] : ends()) EXPECT_EQ(times, 1);
  EXPECT_GT(count(store::Kind::reject), 0);
  EXPECT_GT(result->progress.rows_asked_again, 0U);
  expect_all_settled();
}

TEST_F(RunTest, PacksAreHalvedUntilTheyFit) {
  spec_ = [this] {
    PipelineSpec packs = simple_spec(8);
    packs.sink = spec_.sink;
    return packs;
  }();
  rows(64);
  const auto result = run([](const schedule::Send&, const Request& request) {
    if (request.items.size() > 2) return failed_reply(Action::split, Cause::too_large, 413);
    std::string text = R"({"answers":[)";
    for (const std::string& id : request.ids)
      text += (text.back() == '[' ? "" : ",") + (R"({"id":")" + id + R"(","a":"x"})");
    return good_reply(text + "]}");
  });
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(ends().size(), 64U);
  EXPECT_EQ(count(store::Kind::answer), 64);
  expect_all_settled();
}

TEST_F(RunTest, ACheckpointFailureEndsTheRunWithItsError) {
  rows(2'000);
  fails_at_commit_ = 3;
  const auto result = run(yes);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no space left on device");
}

TEST_F(RunTest, AStopFinishesWhatIsInFlightAndLeavesTheRestPending) {
  rows(4'000);
  spec_.dispatch.endpoints[0].limits.max_concurrency = 4;
  const auto result = run([this](const schedule::Send& send, const Request&) {
    if (send.attempt == 20) run_->stop("asked to");
    return good_reply();
  });
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->end, job::RunEnd::stopped);
  EXPECT_EQ(result->why, "asked to");
  EXPECT_EQ(result->cause, std::nullopt);
  EXPECT_GE(result->progress.rows_ended, 20U);
  EXPECT_LT(result->progress.rows_ended, 4'000U);
  EXPECT_EQ(ends().size(), result->progress.rows_ended);
  expect_all_settled();
}

TEST_F(RunTest, ABudgetStopsItByName) {
  rows(500);
  provider::EndpointSpec& endpoint = spec_.dispatch.endpoints[0];
  endpoint.price = core::Price{.input = core::Money::picodollars(1'000'000),
                               .cached_input = core::Money::picodollars(1'000'000),
                               .output = core::Money::picodollars(1'000'000)};
  endpoint.max_output_tokens = 100;
  spec_.dispatch.budget = core::Money::picodollars(3'000 * 1'000'000LL);
  const auto result = run(yes);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->end, job::RunEnd::stopped);
  EXPECT_EQ(result->cause, schedule::HaltCause::budget);
  EXPECT_FALSE(result->error) << "a limit, not a failure";
  EXPECT_EQ(ends().size(), result->progress.rows_ended);
  core::Money cost;
  for (const store::Settlement& settlement : checkpoint_->settlements) cost += settlement.cost;
  EXPECT_GT(cost, core::Money());
  EXPECT_LE(cost, *spec_.dispatch.budget);
  EXPECT_EQ(cost, result->progress.dispatch.schedule.spent) << "ledger and budget";
  expect_all_settled();
}

TEST_F(RunTest, ADeadlineStopsItByName) {
  rows(500);
  spec_.dispatch.deadline = 1h;
  spec_.dispatch.endpoints[0].limits.max_concurrency = 4;
  const auto result = run([this](const schedule::Send& send, const Request&) {
    if (send.attempt == 10) clock_.jump(2h);
    return good_reply();
  });
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->end, job::RunEnd::stopped);
  EXPECT_EQ(result->cause, schedule::HaltCause::deadline);
  EXPECT_GE(result->progress.rows_ended, 10U);
  EXPECT_LT(result->progress.rows_ended, 500U);
  EXPECT_EQ(ends().size(), result->progress.rows_ended);
  expect_all_settled();
}

TEST_F(RunTest, WithoutAnEndpointItEndsWithTheCauseAndItsRowsPending) {
  rows(100);
  const auto result = run([](const schedule::Send&, const Request&) {
    return failed_reply(Action::stop, Cause::auth, 401);
  });
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->end, job::RunEnd::stopped);
  ASSERT_TRUE(result->error);
  EXPECT_THAT(result->error->message, HasSubstr("HTTP 401"));
  EXPECT_EQ(result->progress.rows_ended, 0U);
  expect_all_settled();
}

TEST_F(RunTest, AnExceptionOnTheIoThreadEndsTheRun) {
  rows(500);
  const auto result = run([](const schedule::Send& send, const Request&) {
    if (send.attempt == 30) throw std::runtime_error("cannot go on");
    return good_reply();
  });
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), HasSubstr("cannot go on"));
}

TEST_F(RunTest, ASenderThatCannotBeMadeIsAnErrorBeforeAnythingIsSent) {
  rows(1);
  job::RunOptions options;
  options.make_sender =
      [](const dispatch::SenderSetup&) -> core::Result<std::unique_ptr<dispatch::Sender>> {
    return std::unexpected(core::Error{core::ErrorCode::pipeline, "no such sender", {}});
  };
  options.open_checkpoint =
      [](const checkpoint::Options&,
         checkpoint::Projection&) -> core::Result<std::unique_ptr<checkpoint::Checkpoint>> {
    return std::make_unique<MemoryCheckpoint>();
  };
  const auto made = job::Run::make(spec_, options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "no such sender");
}

}  // namespace
}  // namespace sluice::stages
