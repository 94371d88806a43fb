// Why rows of a question were rejected, and what to do about it: for the summary and for status.
//
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "inspect/reject_reasons.h"
#include "stages/spec.h"

namespace sluice::words {

// From the question's checkpoint; none where nothing is rejected or it cannot be read.
inspect::RejectReasons reasons_of(const stages::PipelineSpec& spec);

// The three most frequent reasons with an example each, then the commands that help. `file`: the
// pipeline file, as on the command line.
std::vector<std::string> reject_notes(const inspect::RejectReasons& reasons,
                                      const std::string& file);

// "rejects":[{"reason","stage","rows","example":{"row","detail"}}]
void write_rejects(core::JsonWriter& w, const inspect::RejectReasons& reasons);

}  // namespace sluice::words
