// Drives a Scheduler in virtual time against modelled endpoints: what a run would do, in a fraction
// of a second and the same every time. The scheduler is the real one; only the servers and the
// clock are models.
//
// Threads: a plain function, any thread; everything it touches is its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "core/clock.h"
#include "core/money.h"
#include "provider/endpoint.h"
#include "schedule/scheduler.h"

namespace sluice::schedule {

// How one endpoint behaves. It need not be what the scheduler was told about it.
struct ModelEndpoint {
  provider::Limits limits;  // enforced: continuous refill, a whole window may be saved up
  core::Duration latency = std::chrono::seconds(1);  // median of a log-normal distribution …
  double latency_spread = 0.3;                       // … and its sigma
  double bytes_per_token = 4;
  double output_tokens_per_row = 100;
  double token_spread = 0;  // uniform: 0.2 = each request's tokens within ±20 % of the above
  double error_rate = 0;    // share answered 500
  double lost_rate = 0;     // share never answered: the client gives up after `timeout`
  core::Duration timeout = std::chrono::seconds(60);
  bool tells_limits = false;      // limit and remaining in every answer
  bool tells_retry_after = true;  // with every 429
};

struct Workload {
  std::uint64_t requests = 0;
  std::uint32_t prompt_bytes = 2000;
  std::uint32_t rows = 1;
  std::uint64_t open = 2000;  // submitted and not ended, at most: the flow's credits
};

struct SimulationReport {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t released = 0;
  std::uint64_t rate_limited = 0;
  std::uint64_t lost = 0;
  std::uint64_t input_tokens = 0;  // of answered requests
  std::uint64_t output_tokens = 0;
  core::Duration elapsed{};
  core::Money spent;
  std::optional<Halt> halt;
  // Nothing was in flight and the scheduler asked for no wake-up, with work left: a defect in it.
  bool stalled = false;
};

// Sees every action at its time, before the model acts on it.
using Watch = std::function<void(core::Time, const Action&)>;

// `endpoints` models config.endpoints, one each, in their order.
SimulationReport simulate(const Config& config, std::span<const ModelEndpoint> endpoints,
                          const Workload& workload, std::uint64_t seed, const Watch& watch = {});

}  // namespace sluice::schedule
