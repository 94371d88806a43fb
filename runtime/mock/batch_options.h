// What the batch APIs of the mock are to be like. Plain values.
//
// Times are batch time, which passes `speed` times as fast as the clock, unless it says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "simulate/batch_model.h"

namespace sluice::mock {

// Shares, 0…1. Of the batches:
struct BatchFaults {
  double call_error = 0;   // of the calls about files and batches: 429, 500 or 503, nothing done
  double lose_upload = 0;  // of the uploads: kept, and the connection reset before its answer
  double cut_results =
      0;  // of the calls for results and files' bytes: broken off half way, then a reset
  double lose_create = 0;   // the batch is made, and the connection reset before its answer
  double queue_full = 0;    // no room for it, as over BatchOptions::queue_tokens
  double stuck = 0;         // runs for ever, with the last lines missing; can be cancelled
  double expire = 0;        // is not done when its window ends
  double late_cancel = 0;   // a cancel is taken, and it completes all the same
  double cancel_empty = 0;  // when it is cancelled, nothing that was done is kept, nor billed
  double all_fail = 0;      // completes, with every line an error
  double flat_counts = 0;   // its counters stay zero until it is over
  double shuffle = 0;       // its results come in another order
  double body_text = 0;     // its replies' bodies are JSON in a string
  // Of the lines of results:
  double line_error = 0;     // the server's error in place of an answer; not billed
  double drop_line = 0;      // missing
  double double_line = 0;    // twice
  double foreign_line = 0;   // under an id that nobody gave
  double null_response = 0;  // neither a response nor an error
};

// How long batches take, where no fixed turnaround is given.
using simulate::BatchRegime;

struct BatchOptions {
  double speed = 3600;  // seconds of batch time in one of the clock
  std::optional<core::Duration> turnaround;
  BatchRegime regime = BatchRegime::normal;
  std::optional<core::Duration> window;       // in place of what each provider has
  double price_share = 0.5;                   // of the price of a call
  std::optional<std::uint64_t> queue_tokens;  // input tokens of all unfinished ones of a model
  int hidden_polls = 0;              // so many times a batch that was just made is not found
  core::Duration unlisted{};         // so long after it was made lists leave it out; of the clock
  core::Duration file_delay{};       // so long after its upload no batch finds a file; of the clock
  std::vector<std::string> buckets;  // whose objects /NAME/… serves
  std::uint64_t store_bytes = std::uint64_t{16} << 30;  // of all files and objects
  BatchFaults faults;
};

}  // namespace sluice::mock
