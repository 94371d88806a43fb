// The proof that every row of the input ended exactly once (checkpoint.h, invariant 1): the input, the
// checkpoint, the output and the rejects file are read as they are and held against one another.
// Nothing is changed, and no run can begin meanwhile.
//
// Threads: one.
//
// How: every entry of the checkpoint names a row by its identity (key and question, or content and
// question) and holds the line that stands for it in its file. So
//   1. each row of the input uses up one entry of its identity; a row that finds none is pending;
//      entries that are left over belong to rows that are not in the input, or not so often;
//   2. each line of the two files uses up one entry with the same line; what is left over on either
//      side is a finding.
// Rows without a key field, and equal rows, need no special case: both sides count occurrences.
//
// Memory: about 21 bytes a row for the identities, as a resumed run needs them, and as much again
// for the lines; beyond that, some hundred bytes for each line that is wrong.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "deliver/deliver.h"
#include "stages/spec.h"

namespace sluice::inspect {

enum class Finding : std::uint8_t {
  missing,     // ended according to the checkpoint, but its line is in no file
  duplicate,   // stands more often than the input has it
  unexpected,  // stands in a file, but not in the input
  truncated,   // a line that is not whole JSON, or has no line end
  mismatched,  // its line differs from the checkpoint's
};
constexpr std::size_t kFindings = 5;
constexpr std::string_view finding_name(Finding finding) {
  constexpr std::array<std::string_view, kFindings> kNames = {"missing", "duplicate", "unexpected",
                                                              "truncated", "mismatched"};
  return kNames[static_cast<std::size_t>(finding)];
}

struct AuditReport {
  struct Row {
    std::string name;   // the key, as JSON; without one, the start of the line
    std::string where;  // "file:line"; empty for what stands in no file
  };
  struct Class {
    std::uint64_t count = 0;
    std::vector<Row> rows;  // the first kNamed
  };
  static constexpr std::size_t kNamed = 20;

  // Of the rows in the input: rows = answered + rejected + pending.
  std::uint64_t rows = 0;
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t pending = 0;  // not in the checkpoint: a run asks them
  std::uint64_t read = 0;     // rows that the last run had read, by its own count

  std::uint64_t output_lines = 0;
  std::uint64_t reject_lines = 0;
  // Committed after the files were last recorded, and not in them: the next run writes them.
  std::uint64_t unwritten = 0;
  // Files whose last line was cut off by a crash, beyond what was recorded: the next run writes it
  // anew.
  std::uint64_t unfinished = 0;
  // Lines that no longer stand for a row: of rejects that `sluice redo` took back, and of rows that
  // left the input where the run was cut off before it had written the files again. The next run
  // takes them out.
  std::uint64_t taken_back = 0;
  // Rows that left the input and keep their lines (keep_missing).
  std::uint64_t kept = 0;

  // The sinks that have their answers from the output (deliver/deliver.h).
  std::vector<deliver::Stands> sinks;

  std::array<Class, kFindings> findings;  // indexed by Finding
  Class& of(Finding finding) { return findings[static_cast<std::size_t>(finding)]; }
  const Class& of(Finding finding) const { return findings[static_cast<std::size_t>(finding)]; }
  bool proven() const;
};

// ErrorCode::io when one of them cannot be read, ErrorCode::busy while a run has the job,
// ErrorCode::pipeline when the file has changed since the last run.
core::Result<AuditReport> audit(const stages::PipelineSpec& spec);

}  // namespace sluice::inspect
