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

// "eu: requests per minute, 84 % of the time"
std::string bound_text(const Simulated& one);
// What is to be said of its end: empty, or "; 3 min after the deadline".
std::string end_text(const Simulated& one);

std::string simulation_text(const std::string& job, const std::vector<Simulated>& all);
std::string simulation_json(const std::string& job, const std::vector<Simulated>& all);

}  // namespace sluice::words
