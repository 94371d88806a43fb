// The requests that a run would send, without a run: the input is read, prepared and packed as a
// run does it (reader.h, prepare.h, pack.h), and each request is made as it would be sent. Nothing
// is sent and nothing is written; the checkpoint, where there is one, is only looked at.
//
// What it cannot know: which rows are asked again, that packs become smaller where answers are
// lost, and where a request goes when its first endpoint is busy.
//
// Threads: one. Memory: a batch of rows; 24 bytes for each row that ended in an earlier run and
// each different question.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/money.h"
#include "inspect/request_text.h"
#include "inspect/row_count.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct PlannedRequest {
  std::uint64_t number = 0;       // from 1
  std::string endpoint;           // the one that a run asks first
  std::vector<std::string> rows;  // row_name_of()
  std::size_t frame_bytes = 0;    // of the prompt, that every request has
  std::size_t row_bytes = 0;      // the rest
  RequestText text;               // empty unless it is wanted
};

// Tokens and money are estimates from the defaults (schedule/estimate.h): 4 bytes a token, and 128
// tokens an answer.
struct DryRun {
  std::uint64_t rows_read = 0;
  ReadSoFar read;
  std::uint64_t rows_asked = 0;   // in the requests
  std::uint64_t rows_done = 0;    // ended in an earlier run
  std::uint64_t rows_shared = 0;  // answered by the answer to an equal question
  struct Rejects {
    std::uint64_t rows = 0;
    std::string example;  // the first one's detail
  };
  std::map<std::string, Rejects> rejects;  // without being asked, by reason
  std::uint64_t requests = 0;
  double input_tokens = 0;
  double output_tokens = 0;
  core::Money expected;
  core::Money at_most;  // every request at its worst
  bool priced = true;   // the prices of all endpoints are known
};

struct DryRunOptions {
  std::optional<std::uint64_t> limit = {};  // at most so many rows are read
  bool as_if_new = false;                   // as if no run had been before
  bool texts = true;                        // of the requests are wanted
};

// Stops at the first error of `each`, and returns it.
core::Result<DryRun> dry_run(const stages::PipelineSpec& spec, const DryRunOptions& options,
                             const std::function<core::Status(const PlannedRequest&)>& each);

}  // namespace sluice::inspect
