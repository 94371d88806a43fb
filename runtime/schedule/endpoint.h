// One endpoint as the scheduler sees it. Plain state; scheduler.cc moves it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "provider/endpoint.h"
#include "schedule/estimate.h"
#include "schedule/quota.h"
#include "schedule/retry.h"
#include "schedule/scheduler.h"

namespace sluice::schedule {

struct Endpoint {
  explicit Endpoint(const EndpointConfig& given)
      : config(given),
        quota(given.limits),
        estimate(given.max_output_tokens),
        lid(std::max(1, given.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency))) {}

  EndpointConfig config;
  QuotaSet quota;
  Estimator estimate;
  CoolDown cooling;
  int lid;  // requests in flight at once
  int in_flight = 0;
  bool stopped = false;
  std::string stop_reason;
  std::uint64_t rate_limited = 0;
  std::uint64_t answers = 0;
};

}  // namespace sluice::schedule
