// A sender that brings, in the loop's next turn, the reply that a script makes up.
//
// Threads: as a sender's: the I/O thread.
#pragma once

#include <functional>
#include <unordered_map>
#include <utility>

#include "tests/stages/dispatch_support.h"

namespace sluice::stages {

class ScriptedSender final : public dispatch::Sender {
 public:
  using Script = std::function<provider::Reply(const schedule::Send&, const Request&)>;
  ScriptedSender(const dispatch::SenderSetup& setup, Script script)
      : setup_(setup), script_(std::move(script)) {}

  void send(const schedule::Send& attempt, const Request& request) override {
    open_.emplace(attempt.attempt, attempt);
    setup_.loop.post([this, id = attempt.attempt, reply = script_(attempt, request)] {
      finish(id, provider::Reply(reply));
    });
  }
  void cancel(schedule::AttemptId attempt) override {
    setup_.loop.post([this, attempt] { finish(attempt, cancelled_reply()); });
  }
  void stop() override {
    while (!open_.empty()) finish(open_.begin()->first, cancelled_reply());
  }

 private:
  void finish(schedule::AttemptId id, provider::Reply reply) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    const schedule::Send attempt = found->second;
    open_.erase(found);
    const std::uint64_t bytes = reply.text.size();
    setup_.events.finished(attempt, std::move(reply), bytes);
  }

  const dispatch::SenderSetup setup_;
  const Script script_;
  std::unordered_map<schedule::AttemptId, schedule::Send> open_;
};

}  // namespace sluice::stages
