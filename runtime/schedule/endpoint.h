// One endpoint as the scheduler sees it. Plain state; scheduler.cc moves it.
#pragma once

#include <cstdint>
#include <string>

#include "provider/endpoint.h"
#include "schedule/breaker.h"
#include "schedule/concurrency.h"
#include "schedule/estimate.h"
#include "schedule/latency.h"
#include "schedule/learned_rate.h"
#include "schedule/quota.h"
#include "schedule/retry.h"
#include "schedule/scheduler.h"

namespace sluice::schedule {

struct Endpoint {
  explicit Endpoint(const EndpointConfig& given)
      : config(given),
        quota(given.limits),
        estimate(given.max_output_tokens),
        concurrency(given.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency),
                    !quota.any()) {}

  EndpointConfig config;
  QuotaSet quota;
  Estimator estimate;
  CoolDown cooling;
  LearnedRate rate;
  Concurrency concurrency;
  Breaker breaker;
  Latency latency;
  int in_flight = 0;
  int held = 0;  // slots of attempts that have landed and are not booked yet, Scheduler::hold()
  int slots_taken() const { return in_flight + held; }
  int slots_free() const {
    return (landed || !config.warm_up ? concurrency.limit() : 1) - slots_taken();
  }
  bool landed = false;  // some attempt has
  bool stopped = false;
  std::string stop_reason;
  std::uint64_t rate_limited = 0;
  std::uint64_t odd_limits = 0;  // QuotaSet::correct
  std::uint64_t failed = 0;
  std::uint64_t hedged = 0;
  std::uint64_t answers = 0;
  std::string refusal;    // the message of the latest bad_request, while there are no answers
  int same_refusals = 0;  // times in a row
};

}  // namespace sluice::schedule
