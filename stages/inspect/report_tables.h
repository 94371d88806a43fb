// The tables of a report.
//
// Threads: any; pure functions.
#pragma once

#include <optional>
#include <vector>

#include "inspect/page.h"
#include "inspect/report.h"

namespace sluice::inspect {

// By endpoint: requests and how they ended, tokens, cost, latencies.
Table endpoints_table(const stages::PipelineSpec& spec, const ReportQuestion& question,
                      bool examples);

// Nothing where there were none.
std::optional<Table> batches_table(const ReportQuestion& question, core::WallTime now,
                                   bool examples);
std::optional<Table> rejects_table(const ReportQuestion& question, bool examples);

// What packs, prompt caches and cheaper tiers saved, about, at list prices.
std::optional<Table> savings_table(const stages::PipelineSpec& spec,
                                   const ReportQuestion& question);

// Of all questions, in the order of their beginnings.
std::optional<Table> runs_table(const ReportInput& input);

// The plan's chosen way beside what came of it.
Table plan_table(const PlanRecord& plan, const ReportInput& input);
// Nothing where only one way was looked at.
std::optional<Table> ways_table(const PlanRecord& plan);

}  // namespace sluice::inspect
