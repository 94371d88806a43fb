#include "listen/live_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace sluice::listen {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Order = Source::Order;

class FakeRun final : public job::Run {
 public:
  const checkpoint::Checkpoint::Opened& opened() const override { return opened_; }
  core::Result<job::RunResult> run() override { return job::RunResult(); }
  void stop_at_once(std::string) override {}
  void stop(std::string why) override { told.push_back("stop " + why); }
  void pause(bool paused) override { told.emplace_back(paused ? "pause" : "resume"); }
  void set_budget(core::Money budget) override { told.push_back("budget " + budget.text()); }
  job::Progress progress() const override { return {}; }
  bool only_waits() const override { return false; }

  std::vector<std::string> told;

 private:
  checkpoint::Checkpoint::Opened opened_;
};

class LiveJobTest : public testing::Test {
 protected:
  LiveJobTest() {
    job_.name = "tickets";
    for (int k = 0; k < 2; ++k) {
      stages::PipelineSpec spec;
      provider::EndpointSpec endpoint;
      endpoint.name = "eu";
      endpoint.model = "m";
      spec.dispatch.endpoints.push_back(std::move(endpoint));
      spec.dispatch.budget = core::Money::parse("20");
      spec.checkpoint.directory = "/nowhere/there/is/no/such/folder";
      spec.sink.path = "out" + std::to_string(k) + ".jsonl";
      job_.questions.push_back(std::move(spec));
    }
    live_.emplace(job_, "tickets.lua", "1");
  }

  static store::Account account(std::uint64_t answered, const char* cost) {
    store::Account account;
    account.rows_read = 100;
    account.rows_answered = answered;
    store::EndpointLedger eu;
    eu.name = "eu";
    eu.cost = *core::Money::parse(cost);
    account.endpoints = {eu};
    return account;
  }
  void look(std::uint64_t answered, const char* cost) {
    observe::View view;
    view.rows_done = answered;
    view.elapsed = 1s;
    view.endpoints.resize(1);
    view.endpoints[0].name = "eu";
    job::Progress progress;
    progress.account = account(answered, cost);
    progress.dispatch.schedule.endpoints.resize(1);
    progress.dispatch.schedule.in_flight = 5;
    live_->look(view, progress, "eu: requests per minute");
  }
  Status status() { return *live_->status(); }

  stages::JobSpec job_;
  observe::Meter meter_{1};
  FakeRun run_;
  std::optional<LiveJob> live_;
};

TEST_F(LiveJobTest, IsThereBeforeTheFirstLook) {
  live_->begin(0, "question 1 of 2", {account(7, "1"), {}}, meter_);
  EXPECT_EQ(status().state, State::running);
  EXPECT_FALSE(status().live);
  EXPECT_EQ(status().account.rows_answered, 7U);
  EXPECT_EQ(status().title, "question 1 of 2");
  EXPECT_EQ(live_->files().answers, "out0.jsonl");
}

TEST_F(LiveJobTest, ShowsTheRowsOfTheQuestionAndTheMoneyOfAll) {
  live_->begin(1, "question 2 of 2", {account(100, "1.25"), {}}, meter_);
  live_->take(run_);
  look(40, "0.5");
  const Status now = status();
  EXPECT_EQ(now.account.rows_answered, 40U);
  EXPECT_EQ(now.account.total().cost, *core::Money::parse("1.75"));
  EXPECT_EQ(now.live->in_flight, 5U);
  EXPECT_EQ(now.live->limit, "eu: requests per minute");
  EXPECT_EQ(live_->files().answers, "out1.jsonl");
}

TEST_F(LiveJobTest, OrdersGoToTheRunThatIsThere) {
  EXPECT_FALSE(live_->order(Order::stop, {}));
  live_->begin(0, "", {{}, account(1, "5")}, meter_);
  EXPECT_THAT(live_->order(Order::pause, {}).error().message, HasSubstr("has not begun"));
  live_->take(run_);
  look(1, "1");
  EXPECT_EQ(live_->order(Order::pause, {}), State::paused);
  EXPECT_EQ(status().state, State::paused);
  EXPECT_EQ(live_->order(Order::resume, {}), State::running);
  EXPECT_EQ(live_->order(Order::budget, *core::Money::parse("30")), State::running);
  EXPECT_EQ(live_->budget_ordered(), core::Money::parse("30"));
  EXPECT_EQ(status().budget, core::Money::parse("30"));
  EXPECT_THAT(live_->order(Order::budget, *core::Money::parse("29")).error().message,
              HasSubstr("only be raised"));
  EXPECT_EQ(live_->order(Order::stop, {}), State::stopping);
  EXPECT_TRUE(live_->stop_ordered());
  EXPECT_EQ(status().state, State::stopping);
  EXPECT_THAT(live_->order(Order::pause, {}).error().message, HasSubstr("stopping"));
  EXPECT_THAT(run_.told, ElementsAre("pause", "resume", "budget $25.00", "stop on request"))
      << "what the other question has cost is taken off";
  live_->release();
  EXPECT_FALSE(live_->order(Order::stop, {}));
}

TEST_F(LiveJobTest, APauseHoldsForTheRunThatFollows) {
  live_->begin(0, "", {{}, {}}, meter_);
  live_->take(run_);
  ASSERT_TRUE(live_->order(Order::pause, {}));
  live_->release();
  FakeRun next;
  live_->take(next);
  EXPECT_THAT(next.told, ElementsAre("pause"));
}

TEST_F(LiveJobTest, AtTheEndWhatIsShownIsWhatTheCheckpointHas) {
  live_->begin(0, "", {{}, {}}, meter_);
  live_->take(run_);
  look(40, "0.5");
  live_->release();
  job::RunResult result;
  result.progress.account = account(100, "1.000000000001");
  result.progress.dispatch.schedule.endpoints.resize(1);
  live_->ended(result);
  live_->over(State::finished, "");
  const Status end = status();
  EXPECT_EQ(end.state, State::finished);
  EXPECT_EQ(end.account.rows_answered, 100U);
  EXPECT_EQ(end.account.total().cost.picodollars(), 1'000'000'000'001);
  EXPECT_EQ(end.live->in_flight, 0U);
  EXPECT_FALSE(live_->order(Order::stop, {}));
}

TEST_F(LiveJobTest, WaitsForThoseWhoLookAndForNobodyElse) {
  live_->begin(0, "", {{}, {}}, meter_);
  const auto waited = [&] {
    const auto began = std::chrono::steady_clock::now();
    live_->wait_for_watchers();
    return std::chrono::steady_clock::now() - began;
  };
  live_->over(State::finished, "");
  EXPECT_LT(waited(), 1s) << "nobody has looked";
  LiveJob seen(job_, "", "");
  seen.begin(0, "", {{}, {}}, meter_);
  seen.shown(*seen.status());
  seen.over(State::finished, "");
  std::thread page([&] { seen.shown(*seen.status()); });
  seen.wait_for_watchers();
  page.join();
  EXPECT_EQ(seen.status()->state, State::finished);
}

}  // namespace
}  // namespace sluice::listen
