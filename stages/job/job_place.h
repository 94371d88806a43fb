// Where a job's files lie: whether it would start over beside its own, and how it is made to.
//
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"

namespace sluice::job {

// ErrorCode::pipeline when the job is about to start over beside a checkpoint of its own that lies
// where relative paths led in versions to which they belonged to the working directory.
core::Status none_left_behind(const stages::JobSpec& job);

// Sets the job's checkpoint, output and rejects aside, under their names with `suffix` behind; what is not
// there is passed over. ErrorCode::busy while a run has the job. Returns what was set aside, by its new names.
core::Result<std::vector<std::string>> set_aside(const stages::JobSpec& job,
                                                 const std::string& suffix);

}  // namespace sluice::job
