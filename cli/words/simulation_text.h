// A simulated job, beside others, for people and for programs.
//
// Threads: plain functions, any.
#pragma once

#include <string>
#include <vector>

#include "inspect/simulate_job.h"
#include "plan/work.h"

namespace sluice::words {

struct Simulated {
  std::string name;  // "as it is", or what is otherwise
  plan::Job job;
  inspect::SimulatedJob done;
};

std::string simulation_text(const std::string& job, const std::vector<Simulated>& all);
std::string simulation_json(const std::string& job, const std::vector<Simulated>& all);

}  // namespace sluice::words
