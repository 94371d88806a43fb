// What `sluice probe` prints.
//
// Threads: any; pure functions. No key stands in it (stages/inspect/probe.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "inspect/probe.h"
#include "stages/spec.h"

namespace sluice::cli {

// What is known before anything is sent.
struct ProbePlan {
  std::vector<inspect::ProbePlace> places;
  inspect::ProbeRow row;
  std::vector<std::optional<core::Money>> most;  // of each place's request
  core::Money spent;                             // by the job
};

// For a person, at 80 columns: before, of each endpoint, and at the end.
std::string probe_head(const stages::JobSpec& job, const ProbePlan& plan);
std::string probe_text(const stages::JobSpec& job, const ProbePlan& plan, std::size_t index,
                       const inspect::Probe& probe);
std::string probe_foot(const std::vector<inspect::Probe>& probes);
// For a program: one object on a line. `probes`: of all places of the plan, in its order.
std::string probe_json(const stages::JobSpec& job, const ProbePlan& plan,
                       const std::vector<inspect::Probe>& probes);

}  // namespace sluice::cli
