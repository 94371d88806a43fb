// The protocol of attempts with outcomes that the test makes up, on a clock that it moves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "stages/dispatch_attempts.h"
#include "stages/pack.h"
#include "tests/stages/dispatch_support.h"
#include "tests/stages/support.h"

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

class AttemptsTest : public testing::Test {
 protected:
  AttemptsTest() { spec_.dispatch.retries = 3; }

  void start() {
    question_ = make_question(spec_);
    for (const provider::EndpointSpec& endpoint : spec_.dispatch.endpoints)
      endpoints_.push_back(make_endpoint(endpoint, question_->frame));
    attempts_.emplace(Attempts::Setup{
        .config = schedule_config(spec_.dispatch, endpoints_, checkpoint_, {}, clock_),
        .endpoints = endpoints_,
        .checkpoint = checkpoint_,
        .handlers = handlers_,
        .sender = sender_,
        .clock = clock_,
        .post = [this](std::function<void()> work) { posted_.push_back(std::move(work)); }});
  }

  RequestPtr request(std::uint64_t id, int rows = 1) {
    auto made = std::make_shared<Request>();
    made->id = id;
    for (int i = 0; i < rows; ++i)
      made->items.push_back(
          item_of(*question_, std::to_string(id) + "." + std::to_string(i), "what is it?"));
    build(*made, question_->packed);
    return made;
  }
  void submit(std::uint64_t first, std::uint64_t last) {
    std::vector<RequestPtr> requests;
    for (std::uint64_t id = first; id <= last; ++id) requests.push_back(request(id));
    attempts_->submit(requests);
  }
  void pump() { wake_ = attempts_->pump(); }
  void sleep() {
    ASSERT_TRUE(wake_) << "nothing to wait for";
    clock_.advance(std::max(core::Duration(1), *wake_ - clock_.now()));
    pump();
  }
  void finish(const schedule::Send& send, provider::Reply reply) {
    attempts_->finished(send, std::move(reply), reply.text.size() + 200);
  }
  // What has become of each request, and how often.
  void ended(const RequestPtr& request, const std::string& how) {
    ends_[request->id].push_back(how);
  }
  std::vector<std::string> end_of(std::uint64_t id) { return ends_[id]; }

  // Settlements of `attempt`: with its answer, or alone.
  std::vector<store::Settlement> settlements(schedule::AttemptId attempt) {
    std::vector<store::Settlement> found;
    for (const auto* of : {&answered_, &checkpoint_.settlements}) {
      for (const store::Settlement& settlement : *of)
        if (settlement.attempt == attempt) found.push_back(settlement);
    }
    return found;
  }

  PipelineSpec spec_ = simple_spec(1);
  std::optional<Question> question_;
  std::vector<DispatchEndpoint> endpoints_;
  MemoryCheckpoint checkpoint_;
  core::ManualClock clock_;
  FakeSender sender_;
  std::vector<std::function<void()>> posted_;
  std::map<std::uint64_t, std::vector<std::string>> ends_;
  std::vector<store::Settlement> answered_;
  std::vector<std::string> halts_;
  const DispatchHandlers handlers_ = {
      .completed =
          [this](Completions&& completions) {
            std::vector<int> slots(endpoints_.size());
            for (Completion& completion : completions) {
              ++slots[completion.endpoint()];
              ended(completion.request, "answered");
              answered_.push_back(completion.settlement);
            }
            attempts_->settled(slots);
          },
      .rejected = [this](RequestPtr request,
                         const core::Reject& why) { ended(request, "rejected " + why.reason); },
      .split =
          [this](RequestPtr request, Cause cause) {
            ended(request, "split " + std::string(provider::cause_name(cause)));
          },
      .released = [this](RequestPtr request, const std::string&) { ended(request, "released"); },
      .halted = [this](schedule::HaltCause, const std::string& why) { halts_.push_back(why); },
      .failed = [](core::Error) { FAIL(); },
  };
  std::optional<Attempts> attempts_;
  std::optional<core::Time> wake_;
};

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

// With hedging, a request may have two attempts in flight.
class HedgedAttempts : public AttemptsTest {
 protected:
  // The endpoint has answered 200 requests in a second each; then request 1'000 has two attempts.
  void hedge() {
    spec_.dispatch.hedge = true;
    start();
    for (std::uint64_t id = 1; id <= 200; ++id) {
      submit(id, id);
      pump();
      clock_.advance(1s);
      for (const schedule::Send& send : std::exchange(sender_.sent, {})) finish(send, good_reply());
    }
    pump();
    submit(1'000, 1'000);
    pump();
    for (int turns = 0; sender_.sent.size() < 2 && turns < 10; ++turns) sleep();
    ASSERT_EQ(sender_.sent.size(), 2U);
    first_ = sender_.sent[0];
    second_ = sender_.sent[1];
    ASSERT_EQ(second_.request, 1'000U);
  }

  schedule::Send first_;
  schedule::Send second_;
};

TEST_F(HedgedAttempts, TheOtherIsCancelledAndItsLateAnswerIsPaidForButNotHandedOn) {
  hedge();
  finish(second_, good_reply());
  pump();
  EXPECT_THAT(end_of(1'000), ElementsAre("answered"));
  EXPECT_THAT(sender_.cancelled, ElementsAre(first_.attempt));
  finish(first_, good_reply(R"({"a":"late"})"));
  pump();
  EXPECT_THAT(end_of(1'000), ElementsAre("answered"));
  const auto late = settlements(first_.attempt);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_FALSE(late[0].answered);
  EXPECT_EQ(late[0].usage, good_reply().outcome.usage);
  finish(first_, cancelled_reply());
  pump();
  EXPECT_EQ(settlements(first_.attempt).size(), 1U);
}

TEST_F(HedgedAttempts, TheOtherEndsAsCancelledAndMayHaveBeenBilled) {
  hedge();
  finish(first_, good_reply());
  pump();
  finish(second_, cancelled_reply());
  pump();
  finish(second_, good_reply());  // later than its end: no sender does this
  pump();
  EXPECT_THAT(end_of(1'000), ElementsAre("answered"));
  const auto cancelled = settlements(second_.attempt);
  ASSERT_EQ(cancelled.size(), 1U);
  EXPECT_EQ(cancelled[0].billing, Billing::possible);
  EXPECT_EQ(cancelled[0].problem, "") << "says nothing of the endpoint";
}

TEST_F(HedgedAttempts, ASecondAttemptThatIsNotNeededAnyMoreIsNotSent) {
  spec_.dispatch.hedge = true;
  hedge();
  sender_.sent.clear();
  submit(2'000, 2'000);
  pump();
  ASSERT_EQ(sender_.sent.size(), 1U);
  const schedule::Send first = sender_.sent[0];
  checkpoint_.durable_at_once = false;
  const std::size_t intents = checkpoint_.intents.size();
  for (int turns = 0; checkpoint_.intents.size() == intents && turns < 10; ++turns) sleep();
  ASSERT_EQ(checkpoint_.intents.size(), intents + 1);
  finish(first, good_reply());
  pump();
  checkpoint_.make_durable();
  for (const auto& work : std::exchange(posted_, {})) work();
  pump();
  EXPECT_EQ(sender_.sent.size(), 1U);
  const auto unsent = settlements(checkpoint_.intents.back().attempt);
  ASSERT_EQ(unsent.size(), 1U);
  EXPECT_EQ(unsent[0].billing, Billing::none) << "costs nothing";
}

// Whatever the sender brings, however often and in whatever order: each request ends once, each
// intent is settled once.
TEST_F(AttemptsTest, EachRequestEndsOnceAndEachAttemptIsSettledOnceInAStormOfOutcomes) {
  constexpr std::uint64_t kRequests = 400;
  spec_.dispatch.endpoints[0].limits.max_concurrency = 20;
  provider::EndpointSpec other = spec_.dispatch.endpoints[0];
  other.name = "n";
  spec_.dispatch.endpoints.push_back(other);
  start();
  submit(1, kRequests);
  std::mt19937_64 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  std::vector<schedule::Send> flying;
  std::vector<schedule::Send> over;
  for (int turns = 0; turns < 100'000 && ends_.size() < kRequests; ++turns) {
    pump();
    for (const schedule::Send& send : std::exchange(sender_.sent, {})) flying.push_back(send);
    if (flying.empty()) {
      if (ends_.size() < kRequests) sleep();
      continue;
    }
    std::swap(flying[random() % flying.size()], flying.back());
    const schedule::Send send = flying.back();
    flying.pop_back();
    clock_.advance(std::chrono::milliseconds(random() % 50));
    switch (random() % 10) {
      case 0:
        finish(send, failed_reply(Action::retry, Cause::rate_limit, 429));
        break;
      case 1:
        finish(send, failed_reply(Action::retry, Cause::timeout, 0, Billing::possible));
        break;
      case 2:
        finish(send, failed_reply(Action::dead, Cause::content_filter, 400));
        break;
      case 3:
        finish(send, failed_reply(Action::refused, Cause::forbidden, 403));
        break;
      default:
        finish(send, good_reply());
    }
    over.push_back(send);
    if (random() % 4 == 0) finish(over[random() % over.size()], good_reply());
  }
  attempts_->drain();
  pump();
  for (const schedule::Send& send : flying) finish(send, cancelled_reply());
  pump();
  attempts_->end();
  ASSERT_EQ(ends_.size(), kRequests);
  for (const auto& [id, how] : ends_) EXPECT_EQ(how.size(), 1U) << id;
  std::map<schedule::AttemptId, int> settled;
  for (const auto* of : {&answered_, &checkpoint_.settlements})
    for (const store::Settlement& settlement : *of) ++settled[settlement.attempt];
  EXPECT_EQ(settled.size(), checkpoint_.intents.size());
  for (const store::Intent& intent : checkpoint_.intents)
    EXPECT_EQ(settled[intent.attempt], 1) << intent.attempt;
}

}  // namespace
}  // namespace sluice::stages
