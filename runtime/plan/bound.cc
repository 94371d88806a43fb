#include "plan/bound.h"

#include <algorithm>
#include <cmath>

#include "schedule/quota.h"

namespace sluice::plan {
namespace {

using provider::Quota;

constexpr double kDay = 86'400;

// Units of this quota that a request takes. As schedule/quota.h counts.
double units(Quota quota, const Shape& shape) {
  switch (quota) {
    case Quota::requests_per_minute:
    case Quota::requests_per_day:
      return 1;
    case Quota::tokens_per_minute:
    case Quota::tokens_per_day:
      return shape.input_tokens + shape.output_tokens;
    case Quota::input_tokens_per_minute:
      return shape.input_tokens - shape.cached_tokens;
    case Quota::output_tokens_per_minute:
      return shape.output_tokens;
  }
  return 1;
}

constexpr bool of_a_day(Quota quota) {
  return quota == Quota::requests_per_day || quota == Quota::tokens_per_day;
}

Bound engine_bound(const Endpoint& endpoint, const Shape& shape, double concurrency) {
  const simulate::EngineShape one = engine_shape(shape);
  const simulate::EngineLoad load = simulate::predict(*endpoint.engine, one, concurrency);
  const double best = simulate::best_concurrency(*endpoint.engine, one, {.most = concurrency});
  return {.binding = load.queued          ? Binding::kv_memory
                     : best < concurrency ? Binding::engine
                                          : Binding::concurrency,
          .limit = load.queued ? load.running : concurrency,
          .per_second = load.requests_per_second};
}

}  // namespace

std::string binding_name(const Bound& bound) {
  switch (bound.binding) {
    case Binding::quota:
      return std::string(schedule::quota_name(bound.quota));
    case Binding::learned_rate:
      return "the rate that refusals have taught";
    case Binding::concurrency:
      return "max_concurrency";
    case Binding::slots:
      return "the server's own concurrency";
    case Binding::kv_memory:
      return "the server's memory for keys and values";
    case Binding::engine:
      return "the server's speed";
  }
  return {};
}

Shape shape_at(const Work& work, const Endpoint& endpoint) {
  const double input = endpoint.input_tokens.value_or(work.input_tokens).value;
  return {.input_tokens = input,
          .cached_tokens = input * work.cached_share,
          .output_tokens = endpoint.output_tokens.value_or(work.output_tokens).value,
          // The mean of a log-normal time.
          .seconds = endpoint.latency.value *
                     std::exp(endpoint.latency_sigma * endpoint.latency_sigma / 2),
          .failed_share = work.failed_share};
}

simulate::EngineShape engine_shape(const Shape& shape) {
  return {.input_tokens = shape.input_tokens - shape.cached_tokens,
          .output_tokens = std::max(1.0, shape.output_tokens),
          .cached_tokens = shape.cached_tokens};
}

std::vector<Bound> bounds(const Endpoint& endpoint, const Shape& shape) {
  std::vector<Bound> all;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    const auto quota = static_cast<Quota>(q);
    const std::optional<double>& limit = endpoint.limits[quota];
    if (!limit || of_a_day(quota)) continue;
    all.push_back(
        {Binding::quota, quota, *limit, *limit / 60 / std::max(1e-9, units(quota, shape))});
  }
  if (endpoint.learned_per_minute)
    all.push_back({.binding = Binding::learned_rate,
                   .limit = *endpoint.learned_per_minute,
                   .per_second = *endpoint.learned_per_minute / 60});
  const double most = concurrency_of(endpoint);
  if (endpoint.engine) {
    all.push_back(engine_bound(endpoint, shape, most));
  } else {
    const double seconds = std::max(1e-6, shape.seconds);
    all.push_back({.binding = Binding::concurrency, .limit = most, .per_second = most / seconds});
    if (endpoint.slots)
      all.push_back({.binding = Binding::slots,
                     .limit = *endpoint.slots,
                     .per_second = *endpoint.slots / seconds});
  }
  for (Bound& bound : all) bound.per_second *= 1 - shape.failed_share;
  std::ranges::sort(all, {}, &Bound::per_second);
  return all;
}

double seconds_of_day(const Endpoint& endpoint, const Shape& shape, double requests) {
  double seconds = 0;
  for (const Quota quota : {Quota::requests_per_day, Quota::tokens_per_day}) {
    const std::optional<double>& limit = endpoint.limits[quota];
    if (!limit || *limit <= 0) continue;
    const double beyond = requests * units(quota, shape) - *limit;
    seconds = std::max(seconds, beyond / *limit * kDay);
  }
  return seconds;
}

}  // namespace sluice::plan
