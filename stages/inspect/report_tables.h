// The tables of a report.
//
// Threads: any; pure functions.
#pragma once

#include <optional>
#include <vector>

#include "inspect/page.h"
#include "inspect/report.h"

namespace sluice::inspect {

// Takes columns out in which no row says anything; the first stays.
void drop_empty_columns(Table& table);

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

// What the run since which the plan holds was planned to take, beside what it took. Nothing where the
// plan says nothing.
std::optional<Table> plan_table(const ReportQuestion& question);
// Nothing where only one way was looked at.
std::optional<Table> ways_table(const PlanRecord& plan);

}  // namespace sluice::inspect
