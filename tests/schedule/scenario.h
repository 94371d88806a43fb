// A random run against random endpoints, all from one seed: quotas told right, wrong or not at all,
// every limiter, fault and lie that the simulator knows, budgets, deadlines, drains, hedging.
#pragma once

#include <string>
#include <vector>

#include "simulate/simulator.h"

namespace sluice::schedule {

struct Scenario {
  explicit Scenario(std::uint64_t seed);

  std::uint64_t seed;
  Config config;
  std::vector<simulate::ServerSpec> endpoints;
  simulate::Workload workload;

  // The tokens of every request are what the estimates start from, so that the token quotas can be
  // held to the token.
  bool exact = false;

  // A run that takes longer than this waits for nothing. Where refusals count against the limit,
  // every question that comes too soon makes the wait longer: there is no bound but the patience.
  core::Duration longest() const;
};

}  // namespace sluice::schedule
