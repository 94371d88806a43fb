// What a run is like now and then, for its timeline (inspect/timeline.h).
//
// Threads: one at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "inspect/timeline_line.h"
#include "job/run.h"
#include "observe/view.h"
#include "stages/spec.h"

namespace sluice::words {

class RunTimeline {
 public:
  // Of a run whose checkpoint is open.
  RunTimeline(const stages::PipelineSpec& spec, std::string_view version);

  // As often as anybody likes: what is kept of it becomes rarer with time. `limit`: what binds.
  void look(const observe::View& view, const job::Progress& progress, const std::string& limit);
  void ended(const job::RunResult& result);
  std::optional<std::string> problem() { return writer_.problem(); }

 private:
  void add(inspect::TimelineLine point);

  const stages::PipelineSpec& spec_;
  const core::SystemClock clock_;
  const core::Time started_ = clock_.now();
  core::Time last_ = started_;
  inspect::TimelineWriter writer_;
  inspect::TimelineLine latest_;
};

}  // namespace sluice::words
