// The output and the rejects file, as a projection of the checkpoint: JSON lines, appended in the
// order of commits, cut back to the recorded position at the start of a run. A file that was
// removed or replaced under its name meanwhile is noticed at the next write_out().
//
// Threads: as checkpoint::Projection.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/projection.h"

namespace sluice::stages {

// Nothing is touched before open().
std::unique_ptr<checkpoint::Projection> make_jsonl_sink(std::string answers_path,
                                                        std::string rejects_path);

}  // namespace sluice::stages
