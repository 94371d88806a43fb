// What the scheduler knows of one request, from submitted() until its end. Plain values.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "schedule/quota.h"
#include "schedule/types.h"

namespace sluice::schedule {

// An attempt that is under way.
struct Flight {
  AttemptId attempt = 0;
  EndpointId endpoint = 0;
  core::Time sent_at;
  core::Money worst_cost;
  Reservation reserved;
  Tokens expected;
  std::uint64_t ordinal = 0;  // LearnedRate::sent
  std::uint32_t epoch = 0;    // Concurrency::sent
  bool probe = false;         // Breaker::sent
};

// Failures of one kind at one endpoint, told once however often they came: a storm of 429s must not
// grow the history.
struct Failure {
  EndpointId endpoint = 0;
  AttemptId last_attempt = 0;
  int times = 0;
  int status = 0;
  std::uint64_t answers = 0;  // Endpoint::answers at the last one
  provider::Cause cause = provider::Cause::none;
  std::string message;  // of the last one
};

// Which endpoints an Endpoint-indexed fact holds for.
using EndpointSet = std::vector<bool>;

// Endpoints have refused it, for its content or its size; it is not sent there again.
struct Refusal {
  EndpointSet by;
  EndpointId last = 0;
  int times_too_large = 0;
  bool certain = false;  // the latest one needs nobody's confirmation

  provider::Cause cause = provider::Cause::none;  // of the latest one
  std::string message;
};

struct Request {
  Demand demand;
  int failures = 0;               // that count towards RetryPolicy::attempts
  int unanswered_rejections = 0;  // that count towards kMaxUnansweredRejections
  int turned_away = 0;            // refusals that came alone: what its back-off grows with
  std::array<std::optional<Flight>, 2> flights;  // the second is a hedge
  bool ended = false;                            // told; kept until its other attempt has landed
  int unusable = 0;                              // replies that were not answers
  std::vector<Failure> history;
  std::unique_ptr<Refusal> refusal;  // null for most
  // After a failure it goes elsewhere at once, but not there before its back-off is over.
  std::optional<EndpointId> avoid;
  core::Time avoid_until;

  bool refused_by(EndpointId endpoint) const { return refusal && refusal->by[endpoint]; }
  int in_flight() const { return (flights[0] ? 1 : 0) + (flights[1] ? 1 : 0); }
  std::optional<Flight>* find(AttemptId attempt) {
    for (auto& flight : flights) {
      if (flight && flight->attempt == attempt) return &flight;
    }
    return nullptr;
  }
};

}  // namespace sluice::schedule
