// What a run was planned to take, and whether it still does.
//
// Threads: one at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "observe/limit_tally.h"
#include "observe/view.h"
#include "stages/spec.h"

namespace sluice::words {

struct RunPlan {
  double seconds = 0;  // of what was left when it began
  double seconds_high = 0;
  double dollars = 0;
  double dollars_high = 0;
  bool priced = false;
  std::string json;  // plan_json()
};

// Plans what is left of the job as the file says, before the run opens its checkpoint. nullopt where the input
// cannot be looked at twice (a pipe, a server), or nothing is left.
std::optional<RunPlan> plan_run(const stages::PipelineSpec& spec, std::string_view version);
// Keeps it beside the checkpoint, whose folder is there, as plan.json.
void keep_plan(const RunPlan& plan, const stages::PipelineSpec& spec);

// Tells each of these once.
class PlanWatch {
 public:
  PlanWatch(std::optional<RunPlan> plan, core::Money spent_at_start)
      : plan_(std::move(plan)), spent_at_start_(spent_at_start) {}
  // What a person should know now; mostly nothing.
  std::vector<std::string> look(const observe::View& view,
                                const std::vector<observe::Limit>& limits);

 private:
  std::optional<RunPlan> plan_;
  core::Money spent_at_start_;
  bool late_told_ = false;
  bool deadline_told_ = false;
  bool dear_told_ = false;
};

}  // namespace sluice::words
