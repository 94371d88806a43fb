// A job run on a test's rows with a test's replies: the real flow, checkpoint and sink, in a
// scratch folder that is gone afterwards; no network, no waiting (jump_clock.h), one request at a
// time, so that each run of a test is the same.
//
// The job is changed where a test needs it: its files are the scratch folder's, it has no deadline
// and no hedging, and it shares no answers with other jobs.
//
// Threads: any; blocks until the run has ended.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/money.h"
#include "rehearse/replies.h"
#include "rehearse/scripted_sender.h"
#include "stages/spec.h"

namespace sluice::rehearse {

struct Outcome {
  std::vector<std::string> rows;  // of the output, in the order of the input where they have keys
  std::vector<std::string> rejects;  // lines of the rejects files, likewise
  std::vector<Sent> requests;
  core::Money cost;
  std::string stopped;  // why the run ended before its rows did; empty when it did not
  std::string problem;  // Notes::problem
};

// `rows`: JSON lines. `replies`: of each question. ErrorCode::pipeline where the replies cannot be
// read.
core::Result<Outcome> rehearse(const stages::JobSpec& job, const std::string& rows,
                               const std::vector<ReplyTexts>& replies);

}  // namespace sluice::rehearse
