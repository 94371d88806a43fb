// Whose row a line of the sink is, read back from the line itself: what LineWriter wrote, the other
// way round.
//
// Threads: a LineReader is immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "format/line_form.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::inspect {

struct LineIdentity {
  bool whole = false;  // the line is a JSON object, or has all its cells; all else rests on it
  core::Hash128 row;   // of what the line tells of its row: equal for lines of one row
  std::string name;    // for people: the key as JSON, else the start of the line or the row
};

class LineReader {
 public:
  // `answer_names`: the answer's columns, as LineWriter takes them.
  LineReader(const stages::PipelineSpec& spec, std::vector<std::string> answer_names)
      : key_field_(spec.read.key),
        for_next_level_(spec.sink.for_next_level),
        answer_names_(std::move(answer_names)) {}

  LineIdentity identify(std::string_view line, store::Kind kind) const;
  // Of an answer that stands as a record of CSV, without its end.
  LineIdentity identify_record(std::string_view record, const format::LineForm& form) const;

 private:
  std::string key_field_;
  bool for_next_level_;
  std::vector<std::string> answer_names_;
};

// The start of a line, for people: at most `bytes` of it, never half a character, printable.
std::string line_start(std::string_view line, std::size_t bytes = 80);

}  // namespace sluice::inspect
