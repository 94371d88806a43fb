// A job on virtual time, with what it was like now and then (timeline.h): the real scheduler against models of
// its endpoints (plan/model.h).
//
// Threads: plain functions, any.
#pragma once

#include <cstdint>
#include <vector>

#include "inspect/timeline_line.h"
#include "plan/work.h"
#include "simulate/simulator.h"

namespace sluice::inspect {

struct SimulatedJob {
  simulate::SimulationReport report;  // of what was simulated …
  double scale = 1;                   // … each request of which stands for so many
  double seconds = 0;
  double dollars = 0;
  double requests = 0;    // answered
  double unanswered = 0;  // left when the run ended early
  double refused = 0;     // attempts
  double most_in_flight = 0;
  std::vector<double> answered;        // requests, by endpoint
  std::vector<TimelineLine> timeline;  // `at`: seconds since its start; rows: of the job
};

// `most`: requests that are simulated one by one.
SimulatedJob simulate_job(const plan::Job& job, std::uint64_t seed, double most);

}  // namespace sluice::inspect
