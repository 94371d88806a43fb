// What `sluice try` prints.
//
// Threads: any; pure functions. Keys are masked (stages/inspect/recording.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inspect/try_rows.h"
#include "stages/spec.h"

namespace sluice::cli {

// For a person, at `width` columns. `trials`: of the first questions of `job`.
std::string try_text(const stages::JobSpec& job, const std::vector<inspect::Trial>& trials,
                     std::size_t width);
// For a program: one object on a line.
std::string try_json(const stages::JobSpec& job, const std::vector<inspect::Trial>& trials);

}  // namespace sluice::cli
