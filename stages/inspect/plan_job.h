// A job as the planner and the simulator want it (plan/work.h): its requests from the first rows, taken through the real
// steps, prompts and packs; the rest of the input counted; what is not known from the job's own earlier runs, and else
// from what is usual. Sends nothing, and reads no variable's value.
//
// Threads: any; blocks while it reads. Memory: a batch of rows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "plan/ways.h"
#include "plan/work.h"
#include "simulate/engine.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct PlanSetup {
  std::uint64_t sample = 2000;                               // rows that are read
  core::Duration patience = std::chrono::milliseconds(800);  // for counting the rest
  // By the endpoint's name; "": of all.
  std::map<std::string, simulate::Engine> engines = {};
  std::map<std::string, double> dollars_per_hour = {};
  std::map<std::string, double> latencies =
      {};  // seconds of a request, where no run has measured them
  std::map<std::string, double> outputs = {};  // tokens of an answer of one row; the same
};

struct PlannedJob {
  plan::Job job;
  std::uint64_t sampled = 0;        // rows
  plan::Figure rows;                // of the whole input
  std::uint64_t rows_ended = 0;     // by earlier runs
  std::uint64_t rows_rejected = 0;  // of the sample, unasked
  std::uint64_t rows_shared = 0;    // of the sample: the same question as another
};

// ErrorCode::usage where the input cannot be looked at without taking or sending anything: standard input, a
// pipe, a server.
core::Result<PlannedJob> plan_job(const stages::PipelineSpec& spec, const PlanSetup& setup);

}  // namespace sluice::inspect
