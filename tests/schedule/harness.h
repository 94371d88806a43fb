// A Scheduler with its clock in the test's hand, and short words for what it did.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schedule/scheduler.h"

namespace sluice::schedule {

inline EndpointConfig endpoint(
    std::string name, std::initializer_list<std::pair<provider::Quota, double>> quotas = {},
    std::optional<int> max_concurrency = std::nullopt) {
  EndpointConfig config;
  config.name = std::move(name);
  for (const auto& [quota, limit] : quotas) config.limits[quota] = limit;
  config.limits.max_concurrency = max_concurrency;
  config.max_output_tokens = 100;
  return config;
}

// Dollars per million tokens, as in a pipeline file.
inline core::Price price(double input, double output) {
  const auto per_token = [](double dollars) {
    return core::Money::picodollars(static_cast<std::int64_t>(dollars * 1e6));
  };
  return {.input = per_token(input), .cached_input = per_token(input), .output = per_token(output)};
}

inline provider::Outcome success(std::uint64_t input = 100, std::uint64_t output = 100) {
  provider::Outcome outcome;
  outcome.status = 200;
  outcome.billing = provider::Billing::known;
  outcome.usage = {.input = input, .output = output};
  return outcome;
}

inline provider::Outcome failure(provider::Action action, provider::Cause cause, int status = 500,
                                 std::optional<core::Duration> retry_after = std::nullopt) {
  provider::Outcome outcome;
  outcome.action = action;
  outcome.cause = cause;
  outcome.status = status;
  outcome.hints.retry_after = retry_after;
  return outcome;
}

inline provider::Outcome rate_limit(std::optional<core::Duration> retry_after = std::nullopt) {
  return failure(provider::Action::retry, provider::Cause::rate_limit, 429, retry_after);
}

class Harness {
 public:
  explicit Harness(Config config) : scheduler(std::move(config)) {}

  void submit(RequestId id, std::uint32_t prompt_bytes = 400, std::uint32_t rows = 1) {
    scheduler.submitted(now, {.id = id, .prompt_bytes = prompt_bytes, .rows = rows});
  }
  void submit_many(RequestId first, RequestId last) {
    for (RequestId id = first; id <= last; ++id) submit(id);
  }
  // Of the latest attempt of `id`.
  bool answer(RequestId id, const provider::Outcome& outcome) {
    return scheduler.answered(now, id, attempts[id], outcome) == Taken::wanted;
  }
  std::vector<Action> poll() {
    std::vector<Action> actions;
    scheduler.poll(now, actions);
    for (const Action& action : actions) {
      if (const auto* send = std::get_if<Send>(&action)) attempts[send->request] = send->attempt;
    }
    return actions;
  }
  // One word an action: "send 1 to 0", "reject 1 too_large", "split 1", "release 1", "halt budget".
  std::vector<std::string> words() {
    std::vector<std::string> words;
    for (const Action& action : poll()) words.push_back(word(action));
    return words;
  }
  std::optional<core::Duration> wake_in() const {
    const auto wake = scheduler.wake_at(now);
    return wake ? std::optional(*wake - now) : std::nullopt;
  }
  // Moves time to the next wake-up; fails the test when there is none.
  void sleep() {
    const auto wake = scheduler.wake_at(now);
    ASSERT_TRUE(wake) << "nothing to wait for";
    now = *wake;
  }

  static std::string word(const Action& action) {
    struct Words {
      std::string operator()(const Send& a) const {
        return "send " + std::to_string(a.request) + " to " + std::to_string(a.endpoint);
      }
      std::string operator()(const Park& a) const {
        return "park " + std::to_string(a.request) + " at " + std::to_string(a.endpoint);
      }
      std::string operator()(const Cancel& a) const {
        return "cancel " + std::to_string(a.request) + " at " + std::to_string(a.endpoint);
      }
      std::string operator()(const RejectRequest& a) const {
        return "reject " + std::to_string(a.request) + " " + a.reject.reason;
      }
      std::string operator()(const SplitRequest& a) const {
        return "split " + std::to_string(a.request) + " " +
               std::string(provider::cause_name(a.cause));
      }
      std::string operator()(const ReleaseRequest& a) const {
        return "release " + std::to_string(a.request);
      }
      std::string operator()(const Halt& a) const {
        constexpr const char* kNames[] = {"budget", "deadline", "endpoints", "job"};
        return std::string("halt ") + kNames[static_cast<int>(a.cause)];
      }
    };
    return std::visit(Words{}, action);
  }

  Scheduler scheduler;
  std::map<RequestId, AttemptId> attempts;  // the latest of each request
  core::Time now{std::chrono::hours(1)};
};

}  // namespace sluice::schedule
