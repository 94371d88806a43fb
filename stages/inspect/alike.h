// Whether the functions of a job give the same for the same row. A function that does not (it
// counts rows, keeps something from row to row) makes another prompt in each run, so that rows are
// asked, and paid for, again and again. To find out, the job is loaded twice, so that its functions
// share nothing, and both work on the first rows of the input, the second in the opposite order.
//
// Threads: any; the functions are called on the caller's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct Alike {
  std::size_t rows = 0;  // of the input, that were looked at
  std::string path;      // their file
  std::string why_none;  // none were: why; empty when the job has no functions
};

// `first` and `second` are loads of one pipeline file. The error names the function and shows where
// what it gave differs. Later questions work on made-up answers to the earlier ones, as parse
// functions do. Bounded: 20 rows, and no function is called after two seconds.
core::Result<Alike> alike(const stages::JobSpec& first, const stages::JobSpec& second);

// The questions of the first rows of this one's input; none when they cannot be looked at. Bounded
// in the same way.
struct FirstQuestions {
  std::vector<core::Hash128> asked;
  std::size_t accepted = 0;  // rows that are not asked, since an earlier level has answered them
};
FirstQuestions first_questions(const stages::PipelineSpec& spec);

}  // namespace sluice::inspect
