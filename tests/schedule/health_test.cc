#include "schedule/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"
#include "simulate/simulator.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Contact;
using testing::HasSubstr;
using Verdict = provider::Action;

constexpr core::Time kBegin{1h};

provider::Outcome with(Contact contact, const std::string& message, int status = 0) {
  provider::Outcome outcome = failure(Verdict::retry, provider::Cause::server_error, status);
  outcome.contact = contact;
  outcome.message = message;
  return outcome;
}
const provider::Outcome kNoConnection = with(Contact::unreachable, "connection refused");
const provider::Outcome kPage = with(Contact::unusable, "HTTP 200: an HTML page", 200);
const provider::Outcome kBadGateway = with(Contact::api, "HTTP 502", 502);

// When an endpoint is given up that gives `outcome` every `apart`, after `answers` good ones.
std::optional<core::Duration> given_up(const provider::Outcome& outcome, core::Duration apart,
                                       bool answers = false) {
  Health health;
  if (answers) health.answered();
  for (core::Time now = kBegin; now < kBegin + 1h; now += apart) {
    if (health.failed(now, outcome)) return now - kBegin;
  }
  return std::nullopt;
}

TEST(Health, AnEndpointThatHasNeverAnsweredIsGivenUpByTheKindOfItsFailures) {
  EXPECT_EQ(given_up(kNoConnection, 1s), 10s);
  EXPECT_EQ(given_up(kPage, 3s), 21s) << "the first that fails after 20 s";
  EXPECT_EQ(given_up(kPage, 1ms), 9ms) << "ten of them";
  EXPECT_EQ(given_up(kBadGateway, 1s), 5min);
  EXPECT_EQ(given_up(with(Contact::api, "HTTP 429", 429), 1s), 5min);
}

TEST(Health, OneThatHasAnsweredIsGivenUpOnlyWhereNothingIsHeardOfItForTenMinutes) {
  EXPECT_EQ(given_up(kNoConnection, 1s, true), 10min);
  EXPECT_EQ(given_up(kPage, 1s, true), 10min);
  EXPECT_EQ(given_up(kBadGateway, 1s, true), std::nullopt) << "the breaker's business";
}

// A server says "not before ten minutes have passed", or one whose model is loading.
TEST(Health, AWaitThatTheServerAskedForIsWaitedOut) {
  Health health;
  EXPECT_EQ(health.failed(kBegin, with(Contact::api, "HTTP 429", 429)), std::nullopt);
  health.answered();  // after ten minutes
  EXPECT_EQ(health.failed(kBegin + 11min, kBadGateway), std::nullopt);
}

TEST(Health, SaysWhy) {
  Health wrong_address;
  for (int i = 0; i < 9; ++i) ASSERT_EQ(wrong_address.failed(kBegin, kPage), std::nullopt);
  EXPECT_EQ(wrong_address.failed(kBegin, kPage),
            "does not answer as the API does (is base_url right?): HTTP 200: an HTML page");
  Health dead;
  dead.failed(kBegin, kBadGateway);
  EXPECT_EQ(dead.failed(kBegin + 5min, kBadGateway),
            "has answered none of 2 attempts in 5 minutes; the last: HTTP 502");
}

TEST(Health, AProblemIsSpokenOfFromTheThirdFailureOrFiveSecondsAfterTheFirst) {
  Health health;
  EXPECT_EQ(health.problem(kBegin), nullptr);
  health.failed(kBegin, kNoConnection);
  EXPECT_EQ(health.problem(kBegin), nullptr);
  EXPECT_NE(health.problem(kBegin + 5s), nullptr);
  health.failed(kBegin, kNoConnection);
  health.failed(kBegin, kBadGateway);
  const Problem* problem = health.problem(kBegin);
  ASSERT_NE(problem, nullptr);
  EXPECT_EQ(problem->failures, 3U);
  EXPECT_EQ(problem->since, kBegin);
  EXPECT_EQ(problem->status, 502);
  EXPECT_EQ(problem->message, "HTTP 502") << "the latest";
  EXPECT_FALSE(problem->answered);
  health.answered();
  EXPECT_EQ(health.problem(kBegin + 1h), nullptr);
}

TEST(Health, WhereOthersWereAnsweredAFewFailuresAreNoProblemYet) {
  Health health;
  health.answered();
  for (int i = 0; i < 20; ++i) health.failed(kBegin, kBadGateway);
  EXPECT_EQ(health.problem(kBegin + 4s), nullptr);
  ASSERT_NE(health.problem(kBegin + 5s), nullptr);
  EXPECT_TRUE(health.problem(kBegin + 5s)->answered);
}

// 300 rows, in the scheduler: the run ends, and no row is lost.
struct Dead {
  const char* name;
  provider::Outcome outcome;
  core::Duration latest;
};
class NeverAnswers : public testing::TestWithParam<Dead> {};

TEST_P(NeverAnswers, EndsTheRunWithItsRowsPendingAndTheCauseNamed) {
  for (const RequestId rows : {RequestId{1}, RequestId{300}}) {
    Harness h({.endpoints = {endpoint("a")}});
    const core::Time start = h.now;
    h.submit_many(1, rows);
    std::size_t released = 0;
    std::string halt;
    while (h.scheduler.snapshot(h.now).waiting + h.scheduler.snapshot(h.now).in_flight > 0) {
      for (const Action& action : h.poll()) {
        ASSERT_FALSE(std::holds_alternative<RejectRequest>(action)) << rows;
        if (const auto* send = std::get_if<Send>(&action)) {
          h.scheduler.answered(h.now, send->request, send->attempt, GetParam().outcome);
        } else if (const auto* stop = std::get_if<Halt>(&action)) {
          halt = stop->message;
        } else if (std::holds_alternative<ReleaseRequest>(action)) {
          ++released;
        }
      }
      if (h.scheduler.snapshot(h.now).waiting == 0) break;
      h.sleep();
      ASSERT_LE(h.now - start, GetParam().latest) << rows;
    }
    EXPECT_EQ(released, rows);
    EXPECT_THAT(halt, HasSubstr(GetParam().outcome.message));
  }
}

provider::Outcome refuses(int status) {
  provider::Outcome outcome = failure(Verdict::refused, provider::Cause::forbidden, status);
  outcome.message = "HTTP " + std::to_string(status);
  return outcome;
}

INSTANTIATE_TEST_SUITE_P(
    Endpoint, NeverAnswers,
    testing::Values(Dead{"Refuses", kNoConnection, 45s}, Dead{"Page", kPage, 60s},
                    Dead{"BadGateway", kBadGateway, 6min},
                    Dead{"RateLimit",
                         [] {
                           provider::Outcome outcome = rate_limit();
                           outcome.message = "HTTP 429";
                           return outcome;
                         }(),
                         6min},
                    Dead{"Forbidden", refuses(403), 5s}, Dead{"NotFound", refuses(404), 5s},
                    Dead{"Redirect", refuses(301), 5s}, Dead{"BadRequest", refuses(400), 5s}),
    [](const testing::TestParamInfo<Dead>& info) { return info.param.name; });

}  // namespace
}  // namespace sluice::schedule
