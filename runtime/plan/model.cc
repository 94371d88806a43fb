#include "plan/model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "plan/bound.h"

namespace sluice::plan {
namespace {

// Where so few are in flight, the rounding of slots and the luck of single requests would show.
constexpr double kFewestInFlight = 24;

core::Duration duration_of(double seconds) {
  return std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(seconds));
}

// The least in flight at any endpoint that works at its bound.
double least_in_flight(const Job& job) {
  double least = std::numeric_limits<double>::infinity();
  for (const Endpoint& endpoint : job.endpoints) {
    if (!endpoint.instead.empty() || endpoint.batch) continue;
    const Shape shape = shape_at(job.work, endpoint);
    least = std::min(least, in_flight(bounds(endpoint, shape).front().per_second, shape.seconds));
  }
  return least;
}

int divided(double count, double scale) {
  return std::max(1, static_cast<int>(std::lround(count / scale)));
}

schedule::EndpointConfig config_of(const Endpoint& endpoint, double scale) {
  schedule::EndpointConfig config{.name = endpoint.name,
                                  .limits = endpoint.limits,
                                  .price = endpoint.price.value_or(core::Price()),
                                  .max_output_tokens = endpoint.max_output_tokens,
                                  .weight = endpoint.weight};
  for (auto& limit : config.limits.per_window)
    if (limit) *limit /= scale;
  config.limits.max_concurrency = divided(concurrency_of(endpoint), scale);
  config.batch = endpoint.batch.has_value();
  config.answered_before = true;
  return config;
}

simulate::ServerSpec server_of(const Work& work, const Endpoint& endpoint, double scale) {
  const Shape shape = shape_at(work, endpoint);
  simulate::ServerSpec server;
  server.limits = endpoint.limits;
  server.limits.max_concurrency.reset();
  for (auto& limit : server.limits.per_window)
    if (limit) *limit /= scale;
  server.latency = duration_of(endpoint.latency.value);
  server.latency_spread = endpoint.latency_sigma;
  if (endpoint.engine) {
    // In a closed loop as many run as may, so that all requests take as long.
    const auto load =
        simulate::predict(*endpoint.engine, engine_shape(shape), concurrency_of(endpoint));
    server.latency = duration_of(load.request_ms / 1000);
    server.latency_spread = 0.05;
  } else if (endpoint.slots) {
    // What was measured is the time with the queue; more in flight would only queue.
    server.slots = {{{}, divided(*endpoint.slots, scale)}};
  }
  if (endpoint.learned_per_minute && !server.limits[provider::Quota::requests_per_minute])
    server.limits[provider::Quota::requests_per_minute] = *endpoint.learned_per_minute / scale;
  server.bytes_per_token = work.prompt_bytes / std::max(1.0, shape.input_tokens);
  server.output_tokens_per_row =
      shape.output_tokens / std::max(1.0, std::round(work.rows_a_request));
  server.token_spread = 0.2;
  server.error_rate = work.failed_share;
  server.timeout = std::chrono::seconds(120);
  for (const Down& down : endpoint.down)
    server.outages.push_back({.from = duration_of(down.from), .to = duration_of(down.to)});
  std::ranges::sort(server.outages, {}, &simulate::Outage::from);
  if (endpoint.batch) {
    server.batch = simulate::BatchModel{
        .most_lines = static_cast<std::uint32_t>(
            std::max(1.0, std::round(endpoint.batch->most_lines / scale))),
        .takes = endpoint.batch->takes ? std::optional(duration_of(endpoint.batch->takes->value))
                                       : std::nullopt,
        .window = duration_of(endpoint.batch->window)};
  }
  return server;
}

}  // namespace

Model model_of(const Job& job, std::uint64_t seed, double most) {
  Model model;
  const double requests = std::max(1.0, job.work.requests.value);
  const double fine = std::max(1.0, least_in_flight(job) / kFewestInFlight);
  // As small as is quick, where that is fine; never more than is asked for.
  constexpr double kQuick = 1e6;
  model.scale = std::max({1.0, std::min(requests / kQuick, fine), requests / most});
  for (const Endpoint& endpoint : job.endpoints) {
    if (!endpoint.instead.empty()) continue;
    model.config.endpoints.push_back(config_of(endpoint, model.scale));
    model.servers.push_back(server_of(job.work, endpoint, model.scale));
  }
  model.config.route = job.work.route;
  model.config.seed = seed;
  if (job.work.deadline) model.config.deadline = core::Time(duration_of(*job.work.deadline));
  if (job.work.budget_left)
    model.config.budget = core::Money::from_dollars(*job.work.budget_left / model.scale);
  simulate::Workload& workload = model.workload;
  workload.requests = static_cast<std::uint64_t>(std::llround(requests / model.scale));
  workload.rows = static_cast<std::uint32_t>(std::max(1.0, std::round(job.work.rows_a_request)));
  workload.prompt_bytes = static_cast<std::uint32_t>(std::max(
      1.0, job.work.prompt_bytes * std::exp(-job.work.prompt_sigma * job.work.prompt_sigma / 2)));
  workload.prompt_sigma = job.work.prompt_sigma;
  // As the flow's credits: more than can be in flight.
  std::uint64_t slots = 0;
  for (const schedule::EndpointConfig& endpoint : model.config.endpoints)
    slots += static_cast<std::uint64_t>(endpoint.limits.max_concurrency.value_or(1));
  workload.open = std::max<std::uint64_t>(workload.open, 2 * slots);
  workload.least_prompt = 1;
  workload.most_prompt = std::numeric_limits<std::uint32_t>::max() / 2;
  return model;
}

}  // namespace sluice::plan
