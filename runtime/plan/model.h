// A job on virtual time: what the simulator (simulate/simulator.h) is given, with the real scheduler.
//
// A job of more requests than can be simulated one by one is made smaller: one request stands for `scale` of them, and
// quotas, requests in flight, slots and money are divided by that; times stay what they are. As long as many
// requests are in flight at each endpoint, nothing else changes by it.
//
// Threads: pure functions; any.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/work.h"
#include "schedule/types.h"
#include "simulate/server_spec.h"

namespace sluice::plan {

struct Model {
  schedule::Config config;
  std::vector<simulate::ServerSpec> servers;
  simulate::Workload workload;
  double scale = 1;
};

// `most`: requests that are simulated.
constexpr double kMostSimulated = 8e6;
// Of the pipeline file's endpoints and their copies: not of Endpoint::instead's.
Model model_of(const Job& job, std::uint64_t seed, double most = kMostSimulated);

}  // namespace sluice::plan
