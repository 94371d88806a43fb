// Everything that is known of one row: how it stands in the input, what it would be asked now, and
// what the checkpoint has of it, from this generation and earlier ones.
//
// Threads: one. Reads the input and the checkpoint's entries once; holds what belongs to the row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "inspect/reject_line.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct RowStory {
  // A row of the input. Several where rows share a key, or explode made them of one line.
  struct Found {
    std::string name;                    // row_name_of()
    std::string path;                    // its file
    std::uint64_t line = 0;              // in it
    std::string row;                     // as the steps left it
    std::string prompt;                  // empty when it is rejected before
    std::vector<std::string> images;     // shown with it: what and how large
    std::optional<core::Reject> reject;  // unasked
    bool answered = false;               // its question has an answer: a run does not ask it
    bool accepted = false;               // an earlier level of the cascade has answered it
  };
  // An entry of the checkpoint.
  struct Record {
    bool answer = false;  // else a reject
    std::string model;    // of an answer
    std::string members;  // the answer's, as JSON without braces
    RejectLine reject;
    bool withdrawn = false;       // a reject that `redo` took back
    bool earlier = false;         // of an earlier generation
    std::int64_t generation = 0;  // counted from 1
    bool of_this_row = false;     // of a row in `found` as it is asked now
  };
  std::vector<Found> found;
  std::vector<Record> records;          // this generation's, then earlier ones', the latest first
  bool input_read = false;              // else `found` is empty: it cannot be read again
  bool run_before = false;              // there is a checkpoint
  bool changed = false;                 // the file asks something else than in the last run
  std::vector<std::string> other_keys;  // of the input, the first kOtherKeys, where none was found
  static constexpr std::size_t kOtherKeys = 10'000;
};

// A row by its key, as text or as JSON has it, or by its line in the input.
struct RowQuery {
  std::string key;
  std::optional<std::uint64_t> line;
};

core::Result<RowStory> row_story(const stages::PipelineSpec& spec, const RowQuery& query);

}  // namespace sluice::inspect
