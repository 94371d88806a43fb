// Drives a Scheduler in virtual time against modelled endpoints: what a run would do, in a fraction
// of a second and the same every time. The scheduler is the real one; only the servers and the
// clock are models. Around it stands what a run does with batches: what one has not answered is submitted
// again when it has ended, and those that late_batches() names are cancelled.
//
// Threads: a plain function, any thread; everything it touches is its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "schedule/scheduler.h"
#include "simulate/server_spec.h"

namespace sluice::simulate {

// Attempts, by what became of them; those that were cancelled are in none but `sent`.
struct EndpointCounts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t rate_limited = 0;  // refused, 429 or 503
  std::uint64_t tokens = 0;        // of the answers
};

struct SimulationReport {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t released = 0;
  std::uint64_t parked = 0;           // that went into batches; one that did so again counts again
  std::uint64_t batches = 0;          // that were made …
  std::uint64_t given_up = 0;         // … of these, for the deadline
  std::uint64_t in_batch = 0;         // of `answered`, by a batch
  std::uint64_t left_in_batches = 0;  // at a halt
  std::uint64_t rate_limited = 0;
  std::uint64_t lost = 0;
  std::uint64_t cancelled = 0;     // attempts
  std::uint64_t input_tokens = 0;  // of answered requests
  std::uint64_t output_tokens = 0;
  std::vector<EndpointCounts> endpoints;
  core::Duration elapsed{};
  core::Money spent;
  std::optional<schedule::Halt> halt;
  // Defects of the scheduler; each ends the run.
  bool stalled = false;  // nothing was in flight and it asked for no wake-up, with work left
  bool busy = false;     // it asked for a wake-up at once, or for many in a row and did nothing
};

// Sees every action at its time, before the model acts on it.
using Watch = std::function<void(core::Time, const schedule::Action&)>;

// Sees all that goes in and out, before the simulator or the scheduler acts on it.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void submitted(core::Time, const schedule::Demand&) {}
  virtual void acted(core::Time, const schedule::Action&) {}
  virtual void answered(core::Time, const schedule::Send&, const provider::Outcome&) {}
  virtual void drained(core::Time) {}
  // After every poll().
  virtual void polled(core::Time, const schedule::Scheduler&) {}
};

// `endpoints` models config.endpoints, one each, in their order.
SimulationReport simulate(const schedule::Config& config, std::span<const ServerSpec> endpoints,
                          const Workload& workload, std::uint64_t seed, Watcher& watcher);
SimulationReport simulate(const schedule::Config& config, std::span<const ServerSpec> endpoints,
                          const Workload& workload, std::uint64_t seed, const Watch& watch = {});

}  // namespace sluice::simulate
