// A run of a few rows that is only looked at: the same stages, scheduler and sender as a run's
// (job/run.h), with a checkpoint that keeps nothing (unkept.h) and a note of all that is sent and
// comes back (recording.h). Requests are real and are paid for.
//
// Threads: as job::Run::make() and run().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "inspect/recording.h"
#include "inspect/reject_line.h"
#include "job/run.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::inspect {

// How one row ended.
struct TriedRow {
  enum class End : std::uint8_t {
    answered,
    rejected,
    pending,  // the run was stopped before its answer
  };
  std::string name;        // row_name_of()
  std::uint64_t line = 0;  // in its file; 0: not known
  End end = End::pending;
  std::string answer;                    // members as JSON, without braces
  bool accepted = false;                 // it is an earlier level's
  RejectLine reject;                     // when rejected
  std::vector<std::string> history;      // of an answer: why it was asked again
  std::vector<std::uint64_t> exchanges;  // numbers of those that it stood in; none: not asked
};

struct Trial {
  std::vector<Exchange> exchanges;  // in the order of sending
  std::vector<core::Money> costs;   // of each: what it cost, or at most
  std::vector<TriedRow> rows;       // in the order in which they were asked first
  job::RunResult result;
  // The output's, in the order of commits; with the rejects' where the next level of a cascade reads
  // them.
  std::vector<std::string> lines;
};

struct TryOptions {
  std::uint64_t rows = 3;  // read at most
  std::string key;         // not empty: instead of the first rows those with this key
  core::Money spent;       // by the job, and by the try so far: counts against the budget
  dispatch::MakeSender make_sender = dispatch::make_online_sender;
  std::function<void(const Exchange&)> ended = {};  // recording.h
};

core::Result<Trial> try_rows(const stages::PipelineSpec& spec, const TryOptions& options);

}  // namespace sluice::inspect
