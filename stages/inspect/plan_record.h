// What a run was planned to take when it began: `plan.json` in the folder of the question's
// checkpoint, so that a report can hold the plan beside what came of it.
//   {"made":unix,"version":"…","rows":20000,"requests":2000,"chosen":0,
//    "ways":[{"name":"as written","as_written":true,"cost_usd":1.23,"cost_usd_low":1.1,
//             "cost_usd_high":1.4,"seconds":620,"seconds_low":580,"seconds_high":700,
//             "input_tokens":…,"output_tokens":…,"binding":"requests per minute of eu",
//             "chosen":true,"meets_deadline":true,"within_budget":true}]}
// Rows are the input's; the rest is of what was left to do. What is missing is not known.
//
// Threads: any; plain functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::inspect {

struct PlannedFigure {
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
};

// A way to run the job.
struct PlannedWay {
  std::string name;
  PlannedFigure dollars;
  PlannedFigure seconds;
  PlannedFigure input_tokens;
  PlannedFigure output_tokens;
  std::string binding;  // what bounds its speed
  std::optional<bool> meets_deadline;
  std::optional<bool> within_budget;
};

struct PlanRecord {
  double made = 0;  // seconds since 1970
  std::string version;
  std::optional<double> rows;
  std::optional<double> requests;
  std::vector<PlannedWay> ways;
  std::optional<std::size_t> chosen;  // index into `ways`: the one that the plan advises
  // The one that a run takes: as the pipeline file is written; where none says so, the one advised,
  // or the first.
  std::optional<std::size_t> taken;
};

// ErrorCode::corrupt when it is not such an object.
core::Result<PlanRecord> parse_plan(std::string_view json);

// Nothing where no plan was kept. ErrorCode::io when it cannot be read.
core::Result<std::optional<PlanRecord>> read_plan(const std::string& directory);

}  // namespace sluice::inspect
