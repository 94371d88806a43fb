// How fast an endpoint can be, and what keeps it from being faster. Throughput is bought with quota and with
// concurrency, and each has its own bound:
//
//   requests per minute    limit / 60
//   tokens per minute      limit / 60 / tokens of a request
//   concurrency            requests in flight / seconds of one (Little's law)
//   slots                  the same, where an earlier run has found that more in flight bring nothing
//   memory for keys and values, and the speed itself, of a server that runs a model (simulate/engine.h)
//
// The least of them binds. Quotas of a day do not bound the rate but the day: see seconds_of_day().
//
// Threads: pure functions; any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/work.h"

namespace sluice::plan {

enum class Binding : std::uint8_t {
  quota,
  learned_rate,  // of requests: refusals have taught it
  concurrency,   // max_concurrency
  slots,
  kv_memory,
  engine,  // the server is as fast as it gets
};

struct Bound {
  Binding binding = Binding::concurrency;
  provider::Quota quota = provider::Quota::requests_per_minute;  // of Binding::quota
  double limit = 0;       // units a minute, or requests in flight
  double per_second = 0;  // requests
};
// "requests per minute", "max_concurrency", …
std::string binding_name(const Bound& bound);

// What one request of the work takes at this endpoint.
struct Shape {
  double input_tokens = 0;
  double cached_tokens = 0;  // of these
  double output_tokens = 0;
  double seconds = 0;       // mean
  double failed_share = 0;  // of the attempts
};
Shape shape_at(const Work& work, const Endpoint& endpoint);
// The same for an engine.
simulate::EngineShape engine_shape(const Shape& shape);

// Requests in flight that the endpoint may have.
inline double concurrency_of(const Endpoint& endpoint) {
  return endpoint.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency);
}

// All bounds of an endpoint that sends requests one by one, the least first. There is at least one.
std::vector<Bound> bounds(const Endpoint& endpoint, const Shape& shape);

// Requests in flight that so many a second need, by Little's law.
inline double in_flight(double per_second, double seconds) {
  return per_second * seconds;
}

// What a day's quotas alone make of so many requests: a day's worth can go at once, the rest comes back
// evenly. 0 where they are enough.
double seconds_of_day(const Endpoint& endpoint, const Shape& shape, double requests);

}  // namespace sluice::plan
