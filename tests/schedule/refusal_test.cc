// What is refused, by a firewall or for a wrong address: whose fault it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using Verdict = provider::Action;

provider::Outcome refusal(int status = 403, const std::string& message = "no") {
  provider::Outcome outcome = failure(Verdict::refused, provider::Cause::forbidden, status);
  outcome.message = message;
  return outcome;
}

Config one(bool answered_before = false) {
  Config config{.endpoints = {endpoint("a")}};
  config.endpoints[0].answered_before = answered_before;
  return config;
}

TEST(Refusal, OfOneAmongAnsweredRequestsRejectsItWithReasonAndDetail) {
  Harness h(one());
  h.submit_many(1, 3);
  h.poll();
  h.answer(1, success());
  h.answer(2, refusal());
  EXPECT_THAT(h.words(), IsEmpty()) << "it may be that all are refused from now on";
  h.answer(3, success());
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  const core::Reject& reject = std::get<RejectRequest>(actions[0]).reject;
  EXPECT_EQ(reject.reason, "forbidden");
  EXPECT_EQ(reject.detail, "no");
  EXPECT_THAT(reject.history, ElementsAre("attempt 2 at a: 403 forbidden: no"));
  EXPECT_FALSE(h.scheduler.snapshot(h.now).endpoints[0].stopped);
}

TEST(Refusal, OfAPackHalvesIt) {
  Harness h(one());
  h.submit(1, 400, 20);
  h.submit(2);
  h.poll();
  h.answer(1, refusal());
  h.answer(2, success());
  EXPECT_THAT(h.words(), ElementsAre("split 1 forbidden"));
}

TEST(Refusal, OfTheFirstTwentyAlikeStopsTheEndpointAndNoneIsRejected) {
  Harness h(one());
  h.submit_many(1, 20);
  h.poll();
  for (RequestId id = 1; id < 20; ++id) h.answer(id, refusal());
  EXPECT_THAT(h.words(), IsEmpty());
  h.answer(20, refusal());
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 21U);
  EXPECT_EQ(std::get<Halt>(actions[0]).cause, HaltCause::endpoints);
  EXPECT_EQ(std::get<Halt>(actions[0]).message,
            "no endpoint is left: a: has answered nothing and refused 20 requests: no");
  for (std::size_t i = 1; i < actions.size(); ++i)
    EXPECT_THAT(Harness::word(actions[i]), StartsWith("release ")) << i;
}

TEST(Refusal, BadRowsAmongAnsweredOnesAreRejectedAtOnceAndDoNotEndTheJob) {
  Harness h(one());
  h.submit(1000);
  h.poll();
  h.answer(1000, success());
  for (RequestId id = 1; id <= 150; ++id) {
    h.submit(id);
    h.poll();
    h.answer(id, refusal(400, "bad"));
    EXPECT_EQ(h.words(), std::vector<std::string>{"reject " + std::to_string(id) + " forbidden"});
  }
}

TEST(Refusal, OfTheFirstTwentyForReasonsOfTheirOwnWaitsForAnAnswer) {
  Harness h(one());
  h.submit_many(1, 31);
  h.poll();
  for (RequestId id = 1; id <= 30; ++id)
    h.answer(id, refusal(400, "row " + std::to_string(id) + " is wrong"));
  EXPECT_THAT(h.words(), IsEmpty());
  h.answer(31, success());
  EXPECT_EQ(h.words().size(), 30U);
  EXPECT_FALSE(h.scheduler.snapshot(h.now).endpoints[0].stopped);
}

TEST(Refusal, OfAllThatThereIsStopsAnEndpointThatHasAnsweredNothing) {
  Harness h(one());
  h.submit_many(1, 2);
  h.poll();
  h.answer(1, refusal());
  h.answer(2, refusal());
  EXPECT_THAT(h.words(), IsEmpty());
  EXPECT_EQ(h.wake_in(), 2s);
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("halt endpoints", "release 1", "release 2"));
  EXPECT_EQ(h.wake_in(), std::nullopt);
}

// What is left of a job is the one row that its firewall refuses: the job can be finished.
TEST(Refusal, OfAllThatThereIsRejectsItWhereTheJobHasAnswersOfThisEndpoint) {
  Harness h(one(true));
  h.submit(1);
  h.poll();
  h.answer(1, refusal());
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("reject 1 forbidden"));
}

TEST(Refusal, OfEveryRequestStopsAnEndpointThatHadAnswered) {
  Harness h({.endpoints = {endpoint("a", {}, 1000)}});
  h.submit(1000);
  h.poll();
  h.answer(1000, success());
  h.submit_many(1, 100);
  for (RequestId done = 0; done < 100;) {
    for (const Action& action : h.poll()) {
      if (const auto* send = std::get_if<Send>(&action)) {
        h.scheduler.answered(h.now, send->request, send->attempt, refusal());
        ++done;
      }
    }
  }
  const auto words = h.words();
  ASSERT_EQ(words.size(), 101U);
  EXPECT_EQ(words[0], "halt endpoints");
  EXPECT_THAT(std::vector(words.begin() + 1, words.end()), Each(StartsWith("release ")));
}

TEST(Refusal, GoesToAnotherEndpointAtOnce) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit(1);
  h.poll();
  h.answer(1, refusal());
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1"));
  h.answer(1, success());
  EXPECT_THAT(h.words(), IsEmpty());
}

TEST(Refusal, OfAllEndpointsIsBelievedWhenOneOfThemAnswersAnother) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit_many(1, 2);
  h.poll();
  h.answer(1, refusal());
  h.poll();
  h.answer(1, refusal(451, "not here"));
  EXPECT_THAT(h.words(), IsEmpty());
  h.answer(2, refusal());
  h.poll();
  h.answer(2, success());  // by the second, which refused 1 last
  EXPECT_THAT(h.words(), ElementsAre("reject 1 forbidden"));
}

TEST(Refusal, StaysPendingWhereTheEndpointThatMightTakeItIsStopped) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b")}, .route = Route::in_order});
  h.submit_many(1, 2);
  h.poll();
  h.answer(1, refusal());
  h.poll();
  h.answer(1, failure(Verdict::stop, provider::Cause::auth, 401));
  const auto actions = h.poll();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(Harness::word(actions[0]), "release 1");
  EXPECT_EQ(std::get<ReleaseRequest>(actions[0]).why,
            "some rows are left that only a stopped endpoint would take: b: auth");
}

TEST(Refusal, SuspectsOfAnEndpointThatIsStoppedGoFree) {
  Harness h(
      {.endpoints = {endpoint("a"), endpoint("b", {{provider::Quota::tokens_per_minute, 1000}})},
       .route = Route::in_order});
  h.submit_many(1, 2);
  h.poll();
  h.submit(3, 40'000);  // for the first alone
  h.poll();
  h.answer(3, refusal());
  EXPECT_THAT(h.words(), IsEmpty());
  h.answer(1, failure(Verdict::stop, provider::Cause::auth, 401));
  EXPECT_THAT(h.words(), ElementsAre("release 3", "send 1 to 1"));
}

TEST(Refusal, ADrainReleasesSuspects) {
  Harness h(one());
  h.submit(1);
  h.poll();
  h.answer(1, refusal());
  h.scheduler.drain();
  EXPECT_THAT(h.words(), ElementsAre("release 1"));
  EXPECT_EQ(h.scheduler.snapshot(h.now).waiting, 0U);
}

TEST(TooLarge, AtOneEndpointIsAskedOfAnotherBeforeItIsRejected) {
  Harness h({.endpoints = {endpoint("a"), endpoint("b"), endpoint("c")}, .route = Route::in_order});
  h.submit(1);
  h.poll();
  const auto too_large = failure(Verdict::split, provider::Cause::too_large, 413);
  h.answer(1, too_large);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1"));
  h.answer(1, too_large);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 2"));
  h.answer(1, too_large);
  EXPECT_THAT(h.words(), ElementsAre("reject 1 too_large"));
}

TEST(TooLarge, StaysPendingWhereAStoppedEndpointMightTakeIt) {
  Harness h({.endpoints = {endpoint("small"), endpoint("large")}, .route = Route::in_order});
  h.submit_many(1, 2);
  h.poll();
  h.answer(1, failure(Verdict::split, provider::Cause::too_large, 413));
  h.poll();
  h.answer(1, failure(Verdict::stop, provider::Cause::auth, 401));
  h.sleep();
  EXPECT_THAT(h.words(), ElementsAre("release 1"));
}

// A proxy's web page to one text: its row is given up soon, and costs nothing.
TEST(Unusable, RepliesToOneRequestAmongAnsweredOnesAreAskedForThrice) {
  Harness h(one());
  provider::Outcome page = failure(Verdict::retry, provider::Cause::bad_reply, 200);
  page.contact = provider::Contact::unusable;
  RequestId other = 100;
  h.submit(1);
  for (int tries = 1; tries <= 3; ++tries) {
    while (h.words() != std::vector<std::string>{"send 1 to 0"}) h.sleep();
    h.submit(++other);
    h.poll();
    h.answer(other, success());
    h.answer(1, page);
  }
  EXPECT_THAT(h.words(), ElementsAre("reject 1 retries_exhausted"));
}

TEST(Unusable, RepliesToAllAreTheEndpointsAndRejectNobody) {
  Harness h(one());
  provider::Outcome page = failure(Verdict::retry, provider::Cause::bad_reply, 200);
  page.contact = provider::Contact::unusable;
  h.submit(1);
  h.poll();
  h.answer(1, success());
  // Five rows, again and again: a login page in between, not a spoilt row.
  int pages = 0;
  for (int row = 2; row <= 6; ++row) h.submit(row);
  while (pages < 20) {
    for (const std::string& word : h.words()) {
      ASSERT_THAT(word, testing::StartsWith("send ")) << pages;
      h.answer(std::stoi(word.substr(5)), page);
      ++pages;
    }
    h.sleep();
  }
  h.sleep();
  EXPECT_EQ(h.scheduler.snapshot(h.now).endpoints[0].stopped, false);
}

}  // namespace
}  // namespace sluice::schedule
