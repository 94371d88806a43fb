// A plan for people, and for programs.
//
// Threads: plain functions, any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "inspect/plan_job.h"
#include "plan/ways.h"

namespace sluice::words {

struct PlanFrame {
  std::string name;   // of the job
  std::string title;  // "question 1 of 2"; may be empty
  std::string version;
  std::string rest;  // what the plan is not about; may be empty
};

std::string plan_text(const PlanFrame& frame, const inspect::PlannedJob& planned,
                      const plan::Plan& plan);
// One JSON object, as plan.json has it too.
std::string plan_json(const PlanFrame& frame, const inspect::PlannedJob& planned,
                      const plan::Plan& plan, std::int64_t made);

// "requests per minute of eu"; "batches of …".
std::string binding_text(const plan::Job& job, const plan::Way& way);

}  // namespace sluice::words
