// A cascade asks a cheap model about every row, and a dearer one about those whose answer is not
// good enough. Each of its levels is a question of the job (spec.h), which reads what the level
// before came to: its answers, and its rejects. So resuming, ledger, audit and redo are those of
// any question; only these lines between two levels are the cascade's own.
//
// What the level before wrote, one line a row:
//   {"row":{…},"model":"small","queue":"bug",…}                an answer: the row as it was asked,
//                                                              the model, the answer's members
//   {"key":…,"stage":…,"reason":…,"detail":…,"row":…}          a reject, as in any rejects file
// An answer is told from a reject by its first member. What the answer's columns are called does not
// matter, since they come after the first two.
//
// Threads: any.
#pragma once

#include <string>

#include "core/row.h"
#include "stages/spec.h"

namespace sluice::stages {

// The beginning of such a line, up to the answer's members; ends with a comma.
void append_level_start(std::string& line, const core::Row& row, std::string_view model);

// The row that is in `line`, which the level before wrote, for the next one:
//   - with `accepted`, where `step` says of its answer that it is not to be escalated;
//   - with `reject`, where the level before refused it unasked, or a function failed on it;
//   - with neither, to be asked: its answer is escalated, or it was asked and has none.
core::Row next_level(const EscalateStep& step, core::Row&& line);

// "question 1 of 2", "level 1 of 2" or both; empty for a job's only question. `question`: an index.
std::string question_title(const JobSpec& job, std::size_t question);

// Whether the next question of the job is this one's next level.
inline bool has_next_level(const PipelineSpec& spec) {
  return spec.level.number < spec.level.count;
}

}  // namespace sluice::stages
