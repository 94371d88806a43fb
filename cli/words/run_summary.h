// What is said at the end of a run: for people after each question, for programs once.
//
// Threads: any; plain functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "deliver/deliver.h"
#include "job/run.h"
#include "observe/limit_tally.h"
#include "stages/spec.h"
#include "words/cascade_note.h"

namespace sluice::words {

// What one question of a job has come to.
struct QuestionResult {
  job::RunResult run;
  core::Duration elapsed{};
  std::vector<observe::Limit> limits;  // what bound its speed
  std::vector<deliver::Delivered> delivered = {};
};

// Lines of at most `width` columns, broken between words; 0: as long as they are. `cascade`: what is
// to be said of one (cascade_note.h); may be empty.
std::string summary(const stages::PipelineSpec& spec, const QuestionResult& result,
                    std::size_t width, const std::string& cascade = {});

// One question after the other, until one stops.
struct Results {
  std::vector<QuestionResult> questions;  // those that have begun
  core::Duration elapsed{};
  // Of a job that several processes share: this one has the whole of it here, and has written its output.
  bool has_whole_job = false;
  bool finished(const stages::JobSpec& job) const {
    return questions.size() == job.questions.size() &&
           questions.back().run.end == job::RunEnd::finished;
  }
  // Of the question with this index, the last level of a cascade that has finished; else nothing.
  std::optional<CascadeFigures> cascade(const stages::JobSpec& job, std::size_t last,
                                        const std::vector<store::Account>& accounts) const;
};

std::string summary_json(const stages::JobSpec& job, const Results& results,
                         const std::vector<store::Account>& accounts);

}  // namespace sluice::words
