// What is particular to a run of a job that several processes share (stages/passes).
//
// Threads: the main one.
#pragma once

#include <memory>

#include "cli/run_command.h"
#include "passes/passes.h"
#include "stages/spec.h"
#include "words/run_summary.h"

namespace sluice::cli {

bool is_shared(const stages::JobSpec& job);
// ErrorCode::pipeline, usage: this job cannot be shared, or not with these flags. With --fresh, forgets what the
// shared checkpoint has.
core::Status prepare_shared(const stages::JobSpec& job, const RunFlags& flags);
// Where there is nothing more to do here: the job is complete, or a stop was asked for.
job::RunResult end_of_shared(const passes::Passes& passes,
                             const std::optional<job::Progress>& earlier);
// Of a process that has not written the output.
std::string part_summary(const job::RunResult& result);
// The ledgers after a run: of a process that has the job's checkpoint; else its own part.
core::Result<std::vector<store::Account>> accounts_after(const stages::JobSpec& job,
                                                         const words::Results& results);

}  // namespace sluice::cli
