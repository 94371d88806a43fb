// Several attempts of one request, and a storm of outcomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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
