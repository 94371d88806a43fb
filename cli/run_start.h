// What a run says when it begins.
//
// Threads: the main one.
#pragma once

#include <cstdint>
#include <string>

#include "checkpoint/checkpoint.h"
#include "cli/run_command.h"
#include "stages/spec.h"

namespace sluice::cli {

void report_resumed(const checkpoint::Checkpoint::Opened& opened);
// Of rejects that were taken back.
std::string asked_again_text(std::uint64_t rows);
// Where what is left of the budget does not cover another request.
void report_budget(const stages::PipelineSpec& spec, const checkpoint::Checkpoint::Opened& opened,
                   const RunLog& log);
// The first line of a question's log.
std::string started_json(const stages::JobSpec& job, std::size_t question, const RunFlags& flags,
                         const checkpoint::Checkpoint::Opened& opened);

}  // namespace sluice::cli
