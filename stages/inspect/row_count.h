// How many rows an input has, without reading it as rows: lines are counted where the format has a record a line,
// else what is left is told from the bytes that the first rows took.
//
// Threads: any. Reads at most `patience` long; memory: a buffer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "stages/spec.h"

namespace sluice::inspect {

// What a reader has read of an input so far.
struct ReadSoFar {
  std::uint64_t rows = 0;     // as the steps left them
  std::uint64_t records = 0;  // as the files have them
  std::uint64_t lines = 0;    // that these took
  double bytes = 0;           // of the files, as RecordSource::passed(); 0: not known
  bool complete = false;      // that was all
};

struct RowCount {
  double rows = 0;
  double spread = 0;            // as plan::Figure's
  double bytes_a_row = 0;       // mean of all; 0: not known
  double bytes_a_row_read = 0;  // mean of those that were read
};

// `names`: of source::names_of(read). nullopt where nothing tells: standard input, a table, a server.
std::optional<RowCount> count_rows(const stages::ReadSpec& read,
                                   const std::vector<std::string>& names, const ReadSoFar& so_far,
                                   core::Duration patience);

}  // namespace sluice::inspect
