// The paths in a pipeline file are relative to the file, so that a job is the same whatever the
// working directory.
#pragma once

#include <string>

#include "stages/spec.h"

namespace sluice::dsl {

// `path` as a pattern that only it fits.
std::string as_pattern(const std::string& path);

// Puts the folder of `file` (as given by the user) before all relative paths of the job: input,
// output, rejects, checkpoint and shared checkpoints, prices, certificates; and before those of the rows' images. "-" stays standard input.
void put_beside(stages::JobSpec& job, const std::string& file);

}  // namespace sluice::dsl
