// What the commands do over the questions of a job: one after the other, with a heading when there
// are several.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"
#include "store/job_lock.h"
#include "store/records.h"

namespace sluice::cli {

// "question 1 of 2", "level 1 of 2"; empty for the only one. `question` counts from 0.
std::string title_of(const stages::JobSpec& job, std::size_t question);
// The same as a line; empty for the only one.
std::string heading_of(const stages::JobSpec& job, std::size_t question);

// Whether any run has come to this question. The only one has always begun: to say that it has no
// checkpoint is for whoever opens it.
bool begun(const stages::JobSpec& job, std::size_t question);

// Of each question; an empty one of a question that has not begun.
core::Result<std::vector<store::Account>> accounts_of(const stages::JobSpec& job);

// Between two questions none of their checkpoints is held: a job that has several has a lock of its
// own. ErrorCode::busy when it is taken. nullopt where there is nothing to lock.
core::Result<std::optional<store::JobLock>> lock_to_run(const stages::JobSpec& job);
core::Result<std::optional<store::JobLock>> lock_to_change(const stages::JobSpec& job);
core::Result<std::optional<store::JobLock>> lock_to_read(const stages::JobSpec& job);

// When the file asks something else than in the last run: what of its answers stays, and what the
// next run asks again; else, and when nothing is known of it, nothing.
struct Change {
  std::string text;
  core::Money cost;  // of what is asked again, about, by what an answered row has cost
};
Change change_of(const stages::JobSpec& job, std::size_t question);

}  // namespace sluice::cli
