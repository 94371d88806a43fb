// One attempt at a time: intent, outcome, settlement; and how a run ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/attempts_fixture.h"

namespace sluice::stages {
namespace {

using namespace std::chrono_literals;
using provider::Action;
using provider::Billing;
using provider::Cause;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(AttemptsTest, AnAnswerIsHandedOnOnceWithItsSettlement) {
  start();
  submit(1, 2);
  pump();
  ASSERT_EQ(sender_.sent.size(), 2U);
  EXPECT_EQ(checkpoint_.intents.size(), 2U);
  finish(sender_.sent[0], good_reply());
  finish(sender_.sent[1], good_reply());
  EXPECT_THAT(end_of(1), IsEmpty()) << "in bursts";
  pump();
  EXPECT_THAT(end_of(1), ElementsAre("answered"));
  EXPECT_THAT(end_of(2), ElementsAre("answered"));
  ASSERT_EQ(answered_.size(), 2U);
  EXPECT_EQ(answered_[0].attempt, sender_.sent[0].attempt);
  EXPECT_TRUE(answered_[0].answered);
  EXPECT_EQ(answered_[0].usage, (provider::Usage{.input = 30, .output = 10}));
  EXPECT_THAT(checkpoint_.settlements, IsEmpty()) << "they travel with the answers";
}

TEST_F(AttemptsTest, NothingIsSentBeforeItsIntentIsDurable) {
  checkpoint_.durable_at_once = false;
  start();
  submit(1, 1);
  pump();
  EXPECT_EQ(checkpoint_.intents.size(), 1U);
  EXPECT_THAT(sender_.sent, IsEmpty());
  checkpoint_.make_durable();
  EXPECT_THAT(sender_.sent, IsEmpty()) << "on the checkpoint's thread";
  ASSERT_EQ(posted_.size(), 1U);
  posted_[0]();
  EXPECT_EQ(sender_.sent.size(), 1U);
}

TEST_F(AttemptsTest, ASecondFinishOfOneAttemptChangesNothing) {
  start();
  submit(1, 2);
  pump();
  const auto sent = sender_.sent;
  finish(sent[0], good_reply());
  finish(sent[0], good_reply());
  pump();
  finish(sent[0], failed_reply(Action::stop, Cause::auth, 401));
  pump();
  EXPECT_THAT(end_of(1), ElementsAre("answered"));
  EXPECT_EQ(settlements(sent[0].attempt).size(), 1U);

  const auto timeout = failed_reply(Action::retry, Cause::timeout, 0, Billing::possible);
  finish(sent[1], timeout);
  finish(sent[1], timeout);
  finish(sent[1], good_reply());
  pump();
  EXPECT_EQ(settlements(sent[1].attempt).size(), 1U);
  schedule::Send never = sent[1];
  never.attempt += 1000;
  finish(never, good_reply());
  never.request += 1000;
  finish(never, good_reply());
  pump();
  EXPECT_THAT(settlements(never.attempt), IsEmpty());
  EXPECT_THAT(end_of(2), IsEmpty()) << "still waiting for its second attempt";
  clock_.advance(1min);
  pump();
  EXPECT_EQ(attempts_->state().attempts, 2U);
  EXPECT_EQ(sender_.sent.size(), 3U) << "and the endpoint is not stopped";
}

TEST_F(AttemptsTest, ARefusalIsSettledAloneAndTheNextAttemptAnswers) {
  start();
  submit(1, 1);
  pump();
  finish(sender_.sent[0], failed_reply(Action::retry, Cause::rate_limit, 429));
  pump();
  ASSERT_EQ(checkpoint_.settlements.size(), 1U);
  EXPECT_FALSE(checkpoint_.settlements[0].answered);
  EXPECT_EQ(checkpoint_.settlements[0].billing, Billing::none);
  EXPECT_EQ(checkpoint_.settlements[0].cost, core::Money());
  EXPECT_THAT(end_of(1), IsEmpty());
  while (sender_.sent.size() < 2) sleep();
  EXPECT_EQ(sender_.sent[1].request, sender_.sent[0].request);
  EXPECT_GT(sender_.sent[1].attempt, sender_.sent[0].attempt);
  finish(sender_.sent[1], good_reply());
  pump();
  EXPECT_THAT(end_of(1), ElementsAre("answered"));
  EXPECT_EQ(settlements(sender_.sent[1].attempt).size(), 1U);
}

TEST_F(AttemptsTest, WhatMayHaveBeenBilledIsSettledAtItsWorst) {
  spec_.dispatch.endpoints[0].price = core::Price{.input = core::Money::picodollars(1'000),
                                                  .cached_input = core::Money::picodollars(1'000),
                                                  .output = core::Money::picodollars(5'000)};
  start();
  submit(1, 1);
  pump();
  const schedule::Send sent = sender_.sent.at(0);
  EXPECT_GT(sent.worst_cost, core::Money());
  finish(sent, failed_reply(Action::retry, Cause::reset, 0, Billing::possible));
  pump();
  ASSERT_EQ(checkpoint_.settlements.size(), 1U);
  EXPECT_EQ(checkpoint_.settlements[0].cost, sent.worst_cost);
  EXPECT_EQ(checkpoint_.settlements[0].usage, sent.worst_usage);
  clock_.advance(1min);
  pump();
  EXPECT_EQ(attempts_->state().schedule.spent, checkpoint_.settlements[0].cost)
      << "the budget counts what the ledger counts";
}

TEST_F(AttemptsTest, FromTheThirdFailureOnTheSettlementNamesTheEndpointsProblem) {
  start();
  submit(1, 3);
  pump();
  ASSERT_EQ(sender_.sent.size(), 3U);
  for (int i = 0; i < 3; ++i)
    finish(sender_.sent[i], failed_reply(Action::retry, Cause::server_error, 502));
  pump();
  ASSERT_EQ(checkpoint_.settlements.size(), 3U);
  EXPECT_EQ(checkpoint_.settlements[1].problem, "");
  EXPECT_EQ(checkpoint_.settlements[2].problem, "HTTP 502");
}

TEST_F(AttemptsTest, AWrongKeyIsNamedAtOnceAndEndsTheRunWithItsRowsPending) {
  start();
  submit(1, 2);
  pump();
  finish(sender_.sent[0], failed_reply(Action::stop, Cause::auth, 401));
  pump();
  EXPECT_THAT(halts_, ElementsAre(HasSubstr("HTTP 401")));
  EXPECT_EQ(checkpoint_.settlements.at(0).problem, "HTTP 401");
  EXPECT_THAT(end_of(1), ElementsAre("released"));
  finish(sender_.sent[1], good_reply());
  pump();
  EXPECT_THAT(end_of(2), ElementsAre("answered")) << "what is in flight is taken";
}

TEST_F(AttemptsTest, AfterAbortNoHandlerRunsAndNothingIsSettled) {
  start();
  submit(1, 3);
  pump();
  finish(sender_.sent[0], good_reply());
  attempts_->abort();
  pump();
  EXPECT_EQ(wake_, std::nullopt);
  finish(sender_.sent[1], good_reply());
  finish(sender_.sent[2], failed_reply(Action::retry, Cause::timeout, 0, Billing::possible));
  pump();
  attempts_->end();
  EXPECT_THAT(ends_, IsEmpty());
  EXPECT_THAT(checkpoint_.settlements, IsEmpty()) << "the next run counts them as maybe billed";
}

TEST_F(AttemptsTest, WhatWaitsForItsIntentIsNotSentAfterAbort) {
  checkpoint_.durable_at_once = false;
  start();
  submit(1, 1);
  pump();
  checkpoint_.make_durable();
  attempts_->abort();
  for (const auto& work : posted_) work();
  EXPECT_THAT(sender_.sent, IsEmpty());
}

TEST_F(AttemptsTest, ADrainReleasesWhatWaitsAndTakesWhatIsInFlight) {
  spec_.dispatch.endpoints[0].limits.max_concurrency = 1;
  start();
  submit(1, 3);
  pump();
  ASSERT_EQ(sender_.sent.size(), 1U);
  attempts_->drain();
  pump();
  EXPECT_THAT(end_of(2), ElementsAre("released"));
  EXPECT_THAT(end_of(3), ElementsAre("released"));
  EXPECT_THAT(end_of(1), IsEmpty());
  submit(4, 4);  // was on its way
  pump();
  EXPECT_THAT(end_of(4), ElementsAre("released"));
  finish(sender_.sent[0], good_reply());
  pump();
  EXPECT_THAT(end_of(1), ElementsAre("answered"));
  EXPECT_EQ(sender_.sent.size(), 1U);
  EXPECT_THAT(halts_, IsEmpty());
}

TEST_F(AttemptsTest, ABudgetHaltsOnceAndLeavesTheRestPending) {
  spec_.dispatch.endpoints[0].price = core::Price{.input = core::Money::picodollars(1'000'000),
                                                  .cached_input = core::Money::picodollars(0),
                                                  .output = core::Money::picodollars(1'000'000)};
  spec_.dispatch.endpoints[0].max_output_tokens = 100;
  spec_.dispatch.budget = core::Money::picodollars(2'000 * 1'000'000LL);
  start();
  submit(1, 100);
  for (int turns = 0; halts_.empty() && turns < 100; ++turns) {
    pump();
    for (const schedule::Send& send : std::exchange(sender_.sent, {})) finish(send, good_reply());
  }
  pump();
  EXPECT_THAT(halts_, ElementsAre(HasSubstr("budget reached")));
  EXPECT_EQ(ends_.size(), 100U);
  std::map<std::string, int> ends;
  core::Money cost;
  for (const auto& [id, how] : ends_) {
    ASSERT_EQ(how.size(), 1U) << id;
    ++ends[how[0]];
  }
  for (const store::Settlement& settlement : answered_) cost += settlement.cost;
  EXPECT_GT(ends["answered"], 0);
  EXPECT_EQ(ends["answered"] + ends["released"], 100);
  EXPECT_LE(cost, *spec_.dispatch.budget);
}

TEST_F(AttemptsTest, ADeadlineHaltsAndTakesWhatIsInFlight) {
  spec_.dispatch.deadline = 1min;
  spec_.dispatch.endpoints[0].limits.max_concurrency = 1;
  start();
  submit(1, 2);
  pump();
  ASSERT_TRUE(wake_);
  EXPECT_LE(*wake_ - clock_.now(), 1min);
  clock_.advance(1min);
  pump();
  EXPECT_THAT(halts_, ElementsAre(HasSubstr("deadline reached")));
  EXPECT_THAT(end_of(2), ElementsAre("released"));
  finish(sender_.sent[0], good_reply());
  pump();
  EXPECT_THAT(end_of(1), ElementsAre("answered"));
}

TEST_F(AttemptsTest, APackThatIsTooLargeIsHandedBackToBeSplit) {
  spec_ = simple_spec(2);
  start();
  attempts_->submit({request(1, 2)});
  pump();
  finish(sender_.sent[0], failed_reply(Action::split, Cause::too_large, 413));
  pump();
  EXPECT_THAT(end_of(1), ElementsAre("split too_large"));
  EXPECT_EQ(settlements(sender_.sent[0].attempt).size(), 1U);
}

TEST_F(AttemptsTest, WhatFinishesBehindTheLastPumpIsSettledAtTheEnd) {
  start();
  submit(1, 1);
  pump();
  attempts_->drain();
  finish(sender_.sent[0], cancelled_reply());
  EXPECT_THAT(checkpoint_.settlements, IsEmpty());
  attempts_->end();
  ASSERT_EQ(checkpoint_.settlements.size(), 1U);
  EXPECT_EQ(checkpoint_.settlements[0].billing, Billing::possible);
}

}  // namespace
}  // namespace sluice::stages
