// The first rows of a job's input, for a look at them before the run. Safe on any input that a
// pipeline file may name: nothing is waited for, and what is read is bounded.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/row.h"
#include "format/record_reader.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct FirstRows {
  core::RowBatch rows;  // as the file has them, before any step
  std::string path;     // the file that they, or the error, are of, or that is empty
  std::string why_none;
  bool empty = false;  // `path` is there and has no rows
  // Where a file was looked at.
  format::RecordReader::Description description;
  std::optional<core::Error> error;  // that it ends a run with
};

// Whether it takes little time to find the files of this pattern.
bool quick_to_expand(std::string_view pattern);

// At most `count` rows of the first file that the pattern `which` of `read` names, or of its table. None of what is not
// a plain file (standard input, pipes, devices, databases of other machines), of patterns that may take long to match, nor of what
// stands beyond the first 4 MiB.
FirstRows first_rows(const stages::ReadSpec& read, std::size_t count, std::size_t which = 0);

}  // namespace sluice::inspect
