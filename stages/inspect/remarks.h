// What `check` finds beyond the pipeline file's own text: between the file and its input, and in
// options that have no effect. Reads the first rows of the input and nothing else; sends nothing.
//
// Threads: one; the file's functions are called on the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/spec.h"

namespace sluice::inspect {

enum class Severity : std::uint8_t {
  error,    // a run would do nothing
  warning,  // a run would do something else than was meant, or reject rows
  note,
};
std::string_view severity_name(Severity severity);

struct Remark {
  Severity severity = Severity::note;
  std::string file;
  std::uint64_t line = 0;    // 0: not known
  std::uint64_t column = 0;  // in bytes; 0: not known
  std::string message;
  std::string hint;  // may be empty
  // The line of the pipeline file with marks below it (stages::SourcePlace); empty: not known.
  std::string shown = {};
};

// Of the file's functions: globals that have no value. Pure.
std::vector<Remark> function_remarks(const stages::JobSpec& job);

// Of the options of one question. Pure.
std::vector<Remark> option_remarks(const stages::PipelineSpec& spec);

// Of the job's input: of its files, and of the first 100 rows of the first of them, by the first
// question's steps, key, validation and prompt. Bounded as first_rows(), and no row is begun after
// two seconds. Of a file that `may_show` says no to, nothing of its content is told.
std::vector<Remark> input_remarks(const stages::PipelineSpec& spec,
                                  const std::function<bool(const std::string& path)>& may_show);

}  // namespace sluice::inspect
