// The rows of the input as a run knows them: each with its key, its question and its identity, or
// with the reject that it ends in unasked. For commands that hold the input against the checkpoint.
//
// Threads: one. Memory: a batch of rows.
#pragma once

#include <functional>

#include "core/error.h"
#include "stages/item.h"
#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::inspect {

// In the order of the input, with their old names where `old_names`. ErrorCode::io when it cannot
// be read to its end. Stops at the first error of `each`, and returns it.
core::Status each_input_row(const stages::PipelineSpec& spec, const stages::Question& question,
                            const std::function<core::Status(const stages::Item&)>& each,
                            bool old_names = false);

}  // namespace sluice::inspect
