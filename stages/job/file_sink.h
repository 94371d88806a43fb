// The output and the rejects file, as a projection of the checkpoint: lines appended in the order of
// commits, in the form that the output's ending names (format/line_form.h); rejects are JSON lines. At
// the start of a run both are proven to be the job's (file_proof.h), then cut back to the recorded
// position. What happens to them meanwhile is noticed (append_file.h).
//
// A recorded position is bytes of the file as it stands, header included. Its proof, and what stands
// behind it, are held against the checkpoint's lines in the file's form, so that CSV with line ends in
// its cells is cut and proven byte by byte, as JSON lines are.
//
// Threads: as checkpoint::Projection. `notice` is called within open().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/projection.h"
#include "job/append_file.h"

namespace sluice::job {

// Nothing is touched before open(). `answer_names`: the answer's columns, for CSV.
std::unique_ptr<checkpoint::Projection> make_file_sink(
    std::string answers_path, std::string rejects_path, Notice notice = [](const std::string&) {},
    std::vector<std::string> answer_names = {});

}  // namespace sluice::job
