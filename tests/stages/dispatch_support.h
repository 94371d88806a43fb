// A sender that sends nothing, and replies for it to bring back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dispatch/sender.h"

namespace sluice::stages {

// Keeps what it is given; the test says how each attempt ends.
class FakeSender final : public dispatch::Sender {
 public:
  std::vector<schedule::Send> sent;
  std::vector<schedule::AttemptId> cancelled;

  void send(const schedule::Send& attempt, const Request&) override { sent.push_back(attempt); }
  void cancel(schedule::AttemptId attempt) override { cancelled.push_back(attempt); }
  void stop() override {}
};

inline provider::Reply good_reply(std::string text = R"({"a":"yes"})") {
  provider::Reply reply;
  reply.text = std::move(text);
  reply.outcome.status = 200;
  reply.outcome.billing = provider::Billing::known;
  reply.outcome.usage = {.input = 30, .output = 10};
  return reply;
}

inline provider::Reply failed_reply(provider::Action action, provider::Cause cause, int status,
                                    provider::Billing billing = provider::Billing::none) {
  provider::Reply reply;
  reply.outcome.action = action;
  reply.outcome.cause = cause;
  reply.outcome.status = status;
  reply.outcome.billing = billing;
  reply.outcome.message = "HTTP " + std::to_string(status);
  return reply;
}

inline provider::Reply cancelled_reply() {
  return failed_reply(provider::Action::retry, provider::Cause::cancelled, 0,
                      provider::Billing::possible);
}

}  // namespace sluice::stages
