// What the scheduler knows of one request, from submitted() until its end. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "schedule/quota.h"
#include "schedule/scheduler.h"

namespace sluice::schedule {

// The attempt that is under way.
struct Flight {
  AttemptId attempt = 0;
  EndpointId endpoint = 0;
  core::Time sent_at;
  core::Money worst_cost;
  Reservation reserved;
};

// Failures of one kind at one endpoint, told once however often they came: a storm of 429s must not
// grow the history.
struct Failure {
  EndpointId endpoint = 0;
  AttemptId last_attempt = 0;
  int times = 0;
  int status = 0;
  std::uint64_t answers = 0;  // Endpoint::answers at the last one
  std::string reason;
  std::string message;  // of the last one
};

struct Request {
  Demand demand;
  int failures = 0;      // that count towards RetryPolicy::attempts
  int rate_limited = 0;  // that count towards kRateLimitPatience
  std::optional<Flight> flight;
  std::vector<Failure> history;
};

}  // namespace sluice::schedule
