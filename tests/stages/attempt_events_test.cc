// What the protocol of attempts tells those who listen.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/attempts_fixture.h"

namespace sluice::stages {
namespace {

using namespace std::chrono_literals;
using provider::Action;
using provider::Cause;
using testing::ElementsAre;
using testing::IsEmpty;

class Recorder final : public observe::Observer {
 public:
  void on(const observe::AttemptEnded& e) override {
    log.push_back(fmt::format(
        "attempt {} of {} at {}, {} rows, after {} ms: {}", e.number, e.request, e.endpoint, e.rows,
        (e.ended - e.sent) / 1ms,
        e.outcome.action == Action::none ? "answered" : provider::cause_name(e.outcome.cause)));
  }
  void on(const observe::RequestEnded& e) override {
    log.push_back(fmt::format("request {}, {} rows, {} attempts, after {} ms: {}{}", e.request,
                              e.rows, e.attempts, (e.ended - e.submitted) / 1ms, how_name(e.how),
                              e.why.empty() ? "" : fmt::format(" ({})", e.why)));
  }
  void on(const observe::EndpointChanged& e) override {
    log.push_back(fmt::format("endpoint {}: {} to {}", e.endpoint, static_cast<int>(e.before),
                              static_cast<int>(e.now)));
  }
  std::vector<std::string> log;
};

class AttemptEvents : public AttemptsTest {
 protected:
  AttemptEvents() { observer_ = &recorder_; }
  Recorder recorder_;
};

TEST_F(AttemptEvents, AnAttemptAndThenItsRequestAreTold) {
  start();
  attempts_->submit({request(1, 3)});
  clock_.advance(5ms);
  pump();
  clock_.advance(250ms);
  finish(sender_.sent[0], good_reply());
  pump();
  EXPECT_THAT(recorder_.log, ElementsAre("attempt 1 of 1 at 0, 3 rows, after 250 ms: answered",
                                         "request 1, 3 rows, 1 attempts, after 255 ms: answered"));
}

TEST_F(AttemptEvents, EachAttemptOfARequestHasItsNumber) {
  start();
  submit(1, 1);
  pump();
  finish(sender_.sent[0], failed_reply(Action::retry, Cause::rate_limit, 429));
  pump();
  sleep();
  ASSERT_EQ(sender_.sent.size(), 2U);
  finish(sender_.sent[1], good_reply());
  pump();
  ASSERT_EQ(recorder_.log.size(), 3U);
  EXPECT_THAT(recorder_.log[0],
              testing::HasSubstr("attempt 1 of 1 at 0, 1 rows, after 0 ms: rate_limit"));
  EXPECT_THAT(recorder_.log[1], testing::HasSubstr("attempt 2 of 1"));
  EXPECT_THAT(recorder_.log[2], testing::HasSubstr("2 attempts"));
}

TEST_F(AttemptEvents, AnEndThatIsNoAnswerIsToldWithItsReason) {
  start();
  submit(1, 2);
  pump();
  finish(sender_.sent[0], failed_reply(Action::dead, Cause::content_filter, 400));
  pump();
  attempts_->drain();
  finish(sender_.sent[1], failed_reply(Action::retry, Cause::timeout, 0));
  pump();
  ASSERT_EQ(recorder_.log.size(), 4U);
  EXPECT_THAT(
      recorder_.log[1],
      testing::HasSubstr("request 1, 1 rows, 1 attempts, after 0 ms: rejected (content_filter)"));
  EXPECT_THAT(recorder_.log[3], testing::HasSubstr("released"));
}

TEST_F(AttemptEvents, AnEndpointThatIsStoppedIsToldOnce) {
  start();
  submit(1, 2);
  pump();
  finish(sender_.sent[0], failed_reply(Action::stop, Cause::auth, 401));
  clock_.advance(200ms);
  pump();
  clock_.advance(200ms);
  pump();
  EXPECT_EQ(
      std::ranges::count(recorder_.log, fmt::format("endpoint 0: {} to {}",
                                                    static_cast<int>(observe::Health::fine),
                                                    static_cast<int>(observe::Health::stopped))),
      1);
}

}  // namespace
}  // namespace sluice::stages
