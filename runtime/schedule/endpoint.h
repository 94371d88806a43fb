// One endpoint as the scheduler sees it. Plain state; scheduler.cc moves it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "provider/endpoint.h"
#include "schedule/breaker.h"
#include "schedule/concurrency.h"
#include "schedule/estimate.h"
#include "schedule/health.h"
#include "schedule/latency.h"
#include "schedule/learned_rate.h"
#include "schedule/quota.h"
#include "schedule/rejections.h"
#include "schedule/retry.h"
#include "schedule/shares.h"
#include "schedule/types.h"

namespace sluice::schedule {

struct Endpoint {
  explicit Endpoint(const EndpointConfig& given)
      : config(given),
        quota(given.limits, given.day_used),
        estimate(given.max_output_tokens),
        concurrency(given.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency),
                    !quota.any()) {}

  EndpointConfig config;
  QuotaSet quota;
  Shares shares;
  Estimator estimate;
  CoolDown cooling;
  LearnedRate rate;
  RejectionBurst rejections;
  Shortage shortage;
  Concurrency concurrency;
  Breaker breaker;
  Latency latency;
  int in_flight = 0;
  int held = 0;  // slots of attempts that have landed and are not booked yet, Scheduler::hold()
  int slots_taken() const { return in_flight + held; }
  int slots_free() const {
    int limit = completed || !config.warm_up ? concurrency.limit() : 1;
    if (shortage.active()) limit = std::min(limit, Shortage::kProbes);
    return std::min(limit, shares.slots()) - slots_taken();
  }
  bool completed = false;  // some attempt has
  bool stopped = false;    // also where requests are parked: none is sent
  std::uint64_t parked = 0;
  bool parking_stopped = false;
  std::string stop_reason;
  std::uint64_t rate_limited = 0;
  std::uint64_t odd_limits = 0;  // QuotaSet::correct
  std::uint64_t failed = 0;
  std::uint64_t hedged = 0;
  std::uint64_t answers = 0;
  Health health;
  int unusable_requests = 0;  // that got a first reply that is not an answer, since the last one
  // Refusals of different requests, all alike, since its last answer.
  int refusals = 0;
  int refusal_status = 0;
  std::string refusal;              // the latest one's message
  std::vector<RequestId> suspects;  // held: this endpoint's next answer, or its end, decides
  // It has answered requests of this job, so that what it refuses may be their own fault.
  bool proven() const { return answers > 0 || config.answered_before; }
};

}  // namespace sluice::schedule
