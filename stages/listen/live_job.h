// The job that this process runs, for the listener: what the run's watcher sees is kept here, and what is asked for by
// POST goes on to the run.
//
// Threads: begin(), ended(), wait_for_watchers() and look() as they say; Source's and orders() on any. One mutex guards
// all; it is held for as long as it takes to copy what is shown.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "job/run.h"
#include "listen/series.h"
#include "listen/source.h"
#include "observe/meter.h"
#include "stages/spec.h"

namespace sluice::listen {

// Of the pipeline's endpoints.
std::vector<EndpointInfo> endpoints_of(const stages::PipelineSpec& spec);

class LiveJob final : public Source {
 public:
  // `job` outlives it.
  LiveJob(const stages::JobSpec& job, std::string file, std::string version);

  // Unique among the runs of all machines.
  const std::string& run_name() const { return run_name_; }

  // A question begins, on the thread that runs it; `meter` listens to it. `accounts`: of all questions, as they are.
  void begin(std::size_t question, std::string title, std::vector<store::Account> accounts,
             const observe::Meter& meter);
  // Orders go to this run until release(), which comes before it is destroyed. It may be another one of the same
  // question.
  void take(job::Run& run);
  void release();
  // Now and then, on the run's watcher's thread.
  void look(const observe::View& view, const job::Progress& progress, const std::string& limit);
  // The question has ended, as the checkpoint has it.
  void ended(const job::RunResult& result);
  // All has.
  void over(State state, std::string why);
  // After over(): until all who look at the page have seen the end, at most kFarewell. Returns at once where nobody
  // looked lately.
  static constexpr std::chrono::seconds kFarewell{3};
  void wait_for_watchers();

  // For a person, who is told it by the run's watcher. Any thread.
  void note(std::string text);
  std::vector<std::string> take_notes();

  // What was ordered. Any thread.
  bool stop_ordered() const;
  std::optional<core::Money> budget_ordered() const;  // for the whole job

  core::Result<Status> status() override;
  void shown(const Status& status) override;
  core::Result<std::string> series() override;
  Files files() override;
  core::Result<State> order(Order order, core::Money budget) override;

 private:
  struct Looked {
    observe::View view;
    job::Progress progress;
    std::string limit;
  };
  core::Money spent_by_others() const;
  void fill_live(Status& status) const;

  const stages::JobSpec& job_;
  const std::string file_;
  const std::string version_;
  const std::string run_name_;
  const core::SystemClock clock_;
  const core::Time began_ = clock_.now();
  const core::WallTime began_wall_ = clock_.wall_now();

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable seen_;
  std::size_t question_ = 0;
  std::string title_;
  std::vector<store::Account> accounts_;
  const observe::Meter* meter_ = nullptr;
  job::Run* run_ = nullptr;
  std::optional<Looked> looked_;
  Series series_;
  core::Time question_began_{};
  State state_ = State::running;
  std::string why_;
  std::vector<std::string> notes_;
  bool over_ = false;
  bool stop_ordered_ = false;
  bool paused_ = false;
  std::optional<core::Money> budget_;
  std::optional<core::Time> last_seen_;  // shown()
  bool end_seen_ = false;
};

}  // namespace sluice::listen
