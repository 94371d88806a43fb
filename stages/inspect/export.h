// Writes the answers to a job's last question once more, from the checkpoint and, where a column
// asks for it, the input. Nothing is asked; the job's own files stay as they are. The job may be
// running meanwhile: what is committed when it begins is written.
//
// Threads: one. Memory: a block of answers; when the input is read too, 24 bytes an answer besides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct ExportOptions {
  // By its ending one of format::output_formats(), also with ".gz" or ".zst"; replaced when it is
  // there.
  std::string to;
  // Empty: the columns of the sink, in the order of commits. All: every field of the row, then the
  // answer's. Else these, of the row or of the answer. Where the row's own fields are needed and
  // the sink does not keep them, rows come in the order of the input.
  bool all = false;
  std::vector<std::string> columns;
};

struct Exported {
  std::uint64_t rows = 0;
  std::uint64_t missing = 0;  // answers whose rows are needed and no longer in the input
};

// ErrorCode::usage for a name that is none of the above, or that is one of the job's own files, and
// for a column that no row has. Also where the rows' own fields are needed, and cannot be read
// again (standard input, a pipe) or none of the answered rows is there any more: nothing is written
// then.
core::Result<Exported> export_answers(const stages::JobSpec& job, const ExportOptions& options);

}  // namespace sluice::inspect
