// Watches a run from a thread of its own: shows its progress, and passes Ctrl-C on to it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "job/run.h"
#include "listen/live_job.h"
#include "observe/display.h"
#include "observe/events.h"
#include "observe/limit_tally.h"
#include "shell/signals.h"
#include "stages/spec.h"
#include "words/run_plan.h"
#include "words/run_timeline.h"

namespace sluice::words {

// What there is to see of an endpoint at `now`.
observe::EndpointView view_of(const provider::EndpointSpec& spec,
                              const schedule::EndpointState& state, core::Time now);

class Monitor {
 public:
  struct Job {
    std::string title;                // "question 1 of 2", or empty
    core::Money spent;                // by the other questions
    listen::LiveJob* live = nullptr;  // who looks at the job from outside
  };
  // Starts watching. What is given by reference must outlive the monitor; so must `file`, which may be null.
  Monitor(const stages::PipelineSpec& spec, Job job, job::Run& run, shell::StopSignal& signal,
          observe::Style style, observe::LimitTally& limits, RunTimeline& timeline, PlanWatch& plan,
          observe::LogFile* file = nullptr);
  ~Monitor();  // stops watching and takes the display away

  core::Duration elapsed() const { return clock_.now() - started_; }

 private:
  void watch();
  observe::View view();
  void report_last();
  void report_outside();
  void report_throttle();
  // What cannot be asked before the deadline.
  void report_beyond_deadline();
  // Quotas that are shared, and of which there is nothing to be had.
  void report_shares();
  // What the run will take, where that is not what was planned.
  void report_plan(const observe::View& view);
  // An endpoint that is asked for the answer's shape in another way than the file says.
  void report_forms();
  // Each kind of problem once, until its endpoint answers again.
  void report_problems(const observe::View& view);
  void report_changes(const observe::View& view);
  // Looks at what binds the run now, and keeps it.
  void sample_limits(const observe::View& view);

  const stages::PipelineSpec& spec_;
  const Job job_;
  job::Run& run_;
  const core::SystemClock clock_;
  const core::Time started_ = clock_.now();
  bool stopping_ = false;
  bool throttle_reported_ = false;
  bool beyond_reported_ = false;
  std::string shares_reported_;
  std::set<std::string> forms_reported_;
  std::set<std::pair<std::string, std::string>> problems_reported_;  // endpoint, ProblemView::kind
  // Rates, smoothed over some seconds.
  core::Time rated_at_ = started_;
  std::uint64_t rated_rows_ = 0;
  std::uint64_t rated_tokens_ = 0;
  std::optional<double> rows_per_second_;
  double tokens_per_second_ = 0;
  observe::EndpointWatch changes_;
  observe::LimitTally& limits_;
  RunTimeline& timeline_;
  PlanWatch& plan_;
  core::Time sampled_at_ = started_;
  core::Duration sampled_cpu_{};
  shell::StopSignal& signal_;
  observe::Display display_;
  std::thread thread_;
};

}  // namespace sluice::words
