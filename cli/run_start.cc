#include "cli/run_start.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/version.h"
#include "core/clock.h"
#include "core/json.h"
#include "observe/events.h"
#include "observe/figures.h"
#include "shell/standard_streams.h"
#include "stages/question.h"
#include "stages/worst_case.h"

namespace sluice::cli {

void report_resumed(const checkpoint::Checkpoint::Opened& opened) {
  if (opened.resumed)
    shell::say(
        fmt::format("resuming: {} rows have ended before\n", observe::count(opened.done_rows)));
  if (opened.maybe_billed > 0) {
    shell::say(fmt::format(
        "the last run was cut off: {} requests may have been billed without an answer, at "
        "most {}; they are asked again\n",
        observe::count(opened.maybe_billed), opened.maybe_billed_cost.text()));
  }
}

std::string asked_again_text(std::uint64_t rows) {
  return fmt::format(
      "{}: the options of the endpoints that had refused or failed {} have changed since",
      rows == 1 ? "1 rejected row is asked again"
                : observe::count(rows) + " rejected rows are asked again",
      rows == 1 ? "it" : "them");
}

void report_budget(const stages::PipelineSpec& spec, const checkpoint::Checkpoint::Opened& opened,
                   const RunLog& log) {
  if (!spec.dispatch.budget) return;
  const stages::WorstCase worst = stages::least_worst_case(spec, stages::make_question(spec));
  if (worst.cost == core::Money() || opened.spent + worst.cost <= *spec.dispatch.budget) return;
  const std::string message = fmt::format(
      "{}: nothing more can be asked: {} of the budget of {} is spent, and {}; raise the budget, "
      "or {} max_output_tokens",
      spec.name, opened.spent.text(), spec.dispatch.budget->text(), stages::explain(worst),
      worst.capped ? "lower" : "set");
  log.note(message);
}

std::string started_json(const stages::JobSpec& job, std::size_t question, const RunFlags& flags,
                         const checkpoint::Checkpoint::Opened& opened) {
  std::string out;
  core::JsonWriter w(out);
  observe::open_event(w, "started", core::SystemClock().wall_now());
  w.field("job", job.name);
  w.field("file", flags.file.path);
  w.field("version", kVersion);
  w.field("pid", static_cast<std::uint64_t>(::getpid()));
  w.field("question", static_cast<std::uint64_t>(question + 1));
  w.field("questions", static_cast<std::uint64_t>(job.questions.size()));
  w.field("resumed", opened.resumed);
  w.field("rows_done", opened.done_rows);
  w.close('}');
  return out;
}

}  // namespace sluice::cli
