// The protocol of attempts with outcomes that the test makes up, on a clock that it moves.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "dispatch/attempts.h"
#include "dispatch/config.h"
#include "stages/pack.h"
#include "tests/stages/dispatch_support.h"
#include "tests/stages/support.h"

namespace sluice::stages {

class AttemptsTest : public testing::Test {
 protected:
  AttemptsTest() { spec_.dispatch.retries = 3; }

  void start() {
    question_ = make_question(spec_);
    for (const provider::EndpointSpec& endpoint : spec_.dispatch.endpoints)
      endpoints_.push_back(dispatch::make_endpoint(endpoint, question_->frame));
    attempts_.emplace(dispatch::Attempts::Setup{
        .config = dispatch::schedule_config(spec_.dispatch, endpoints_, checkpoint_, {}, clock_),
        .endpoints = endpoints_,
        .checkpoint = checkpoint_,
        .handlers = handlers_,
        .sender = sender_,
        .clock = clock_,
        .post = [this](std::function<void()> work) { posted_.push_back(std::move(work)); },
        .observer = observer_});
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

  observe::Observer* observer_ = nullptr;
  PipelineSpec spec_ = simple_spec(1);
  std::optional<Question> question_;
  std::vector<dispatch::Endpoint> endpoints_;
  MemoryCheckpoint checkpoint_;
  core::ManualClock clock_;
  FakeSender sender_;
  std::vector<std::function<void()>> posted_;
  std::map<std::uint64_t, std::vector<std::string>> ends_;
  std::vector<store::Settlement> answered_;
  std::vector<std::string> halts_;
  const dispatch::Handlers handlers_ = {
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
          [this](RequestPtr request, provider::Cause cause) {
            ended(request, "split " + std::string(provider::cause_name(cause)));
          },
      .released = [this](RequestPtr request, const std::string&) { ended(request, "released"); },
      .halted = [this](schedule::HaltCause, const std::string& why) { halts_.push_back(why); },
      .failed = [](core::Error) { FAIL(); },
  };
  std::optional<dispatch::Attempts> attempts_;
  std::optional<core::Time> wake_;
};

}  // namespace sluice::stages
