// What is particular to a run of a job that several processes share (stages/passes).
//
// Threads: the main one.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cli/run_command.h"
#include "passes/passes.h"
#include "stages/spec.h"
#include "words/run_summary.h"

namespace sluice::cli {

bool is_shared(const stages::JobSpec& job);
// ErrorCode::pipeline, usage: this job cannot be shared, or not with these flags. With --fresh, forgets what the
// shared checkpoint has.
core::Status prepare_shared(const stages::JobSpec& job, const RunFlags& flags);
// A pipeline file for a command that looks at its job. Of a job that several processes share, what they have come to
// by now is brought into the checkpoint's folder here; where that cannot be, a person is told, and what is there is
// looked at.
core::Result<stages::JobSpec> load_to_look(const JobFile& file, Secrets secrets);
// How far those are that share the job; nullopt where it is not shared, or the server is not reached.
std::optional<shared_job::Standing> standing_of(const stages::JobSpec& job);
// Orders the process that has the job to cancel these batches, or with none all; or the next one that has it.
core::Status cancel_shared(const JobFile& file, std::span<const std::string> which);
// Where there is nothing more to do here: the job is complete, or a stop was asked for.
job::RunResult end_of_shared(const passes::Passes& passes,
                             const std::optional<job::Progress>& earlier);
// Of a process that has not written the output.
std::string part_summary(const job::RunResult& result);
// The ledgers after a run: of a process that has the job's checkpoint; else its own part.
core::Result<std::vector<store::Account>> accounts_after(const stages::JobSpec& job,
                                                         const words::Results& results);

}  // namespace sluice::cli
