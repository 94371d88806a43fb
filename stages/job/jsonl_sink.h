// The output and the rejects file, as a projection of the checkpoint: JSON lines, appended in the
// order of commits. At the start of a run both are proven to be the job's (file_proof.h), then cut
// back to the recorded position. What happens to them meanwhile is noticed (append_file.h).
//
// Threads: as checkpoint::Projection. `notice` is called within open().
#pragma once

#include <memory>
#include <string>

#include "checkpoint/projection.h"
#include "job/append_file.h"

namespace sluice::job {

// Nothing is touched before open().
std::unique_ptr<checkpoint::Projection> make_jsonl_sink(
    std::string answers_path, std::string rejects_path, Notice notice = [](const std::string&) {});

}  // namespace sluice::job
