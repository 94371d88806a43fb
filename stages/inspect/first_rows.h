// The first rows of a job's input, for a look at them before the run. Safe on any input that a
// pipeline file may name: nothing is waited for, and what is read is bounded.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/row.h"

namespace sluice::inspect {

struct FirstRows {
  core::RowBatch rows;  // as their lines have them, before any step
  std::string path;     // the file that they are of; empty when there are none
  std::string why_none;
};

// At most `count` rows of the first file that `patterns` name. None of what is not a plain file
// (standard input, pipes, devices), of patterns that may take long to match, nor of lines beyond
// the first 4 MiB.
FirstRows first_rows(const std::vector<std::string>& patterns, std::size_t count);

}  // namespace sluice::inspect
