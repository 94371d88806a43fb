#include "words/run_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "inspect/plan_job.h"
#include "inspect/report_words.h"
#include "plan/ways.h"
#include "storage/atomic_file.h"
#include "words/plan_text.h"

namespace sluice::words {
namespace {

using inspect::dollars_text;
using inspect::seconds_text;

constexpr std::uint64_t kRows = 200;  // that are looked at
constexpr std::uint64_t kRowsOfFiles =
    10;                                // likewise, where each has images or documents to be read
constexpr double kBeyond = 1.1;        // of the plan's upper bound: below it is no news
constexpr double kFewestSeconds = 20;  // before the rate of a run says something
constexpr double kFewestShare = 0.05;  // of what was planned, likewise

}  // namespace

std::optional<RunPlan> plan_run(const stages::PipelineSpec& spec, std::string_view version) {
  const auto planned =
      inspect::plan_job(spec, {.sample = spec.pack.images.templates.empty() ? kRows : kRowsOfFiles,
                               .patience = std::chrono::milliseconds(150)});
  if (!planned || planned->job.work.requests.value < 1) return std::nullopt;
  const plan::Plan plan = plan::make_plan(planned->job);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const PlanFrame frame{
      .name = spec.name, .title = {}, .version = std::string(version), .rest = {}};
  const plan::Way& way = plan.ways.front();
  return RunPlan{.seconds = way.seconds.value,
                 .seconds_high = way.seconds.high(),
                 .dollars = way.dollars.value,
                 .dollars_high = way.dollars.high(),
                 .priced = way.priced,
                 .json = plan_json(frame, *planned, plan, now.time_since_epoch().count())};
}

void keep_plan(const RunPlan& plan, const stages::PipelineSpec& spec) {
  auto file = storage::AtomicFile::create(spec.checkpoint.directory + "/plan.json");
  // A job runs as well without it; a disk that takes nothing is told of by what has to be written.
  if (file && (*file)->write(plan.json + "\n")) (void)(*file)->finish();
}

std::vector<std::string> PlanWatch::look(const observe::View& view,
                                         const std::vector<observe::Limit>& limits) {
  std::vector<std::string> told;
  const double elapsed = std::chrono::duration<double>(view.elapsed).count();
  if (view.stopping || !view.left || elapsed < kFewestSeconds) return told;
  const double left = std::chrono::duration<double>(*view.left).count();
  const std::string why = limits.empty() ? "" : ": " + observe::limit_text(limits.front());
  if (view.until_deadline && !deadline_told_) {
    const double late = left - std::chrono::duration<double>(*view.until_deadline).count();
    if (late > std::max(1.0, 0.02 * (elapsed + left))) {
      deadline_told_ = true;
      told.push_back(
          fmt::format("will end about {} after the deadline{}", seconds_text(late), why));
    }
  }
  if (!plan_ || elapsed < kFewestShare * plan_->seconds) return told;
  if (!late_told_ && !deadline_told_ && elapsed + left > kBeyond * plan_->seconds_high) {
    late_told_ = true;
    told.push_back(fmt::format("will take about {}, and {} were planned{}",
                               seconds_text(elapsed + left), seconds_text(plan_->seconds), why));
  }
  if (!dear_told_ && plan_->priced && view.projected && plan_->dollars > 0) {
    const double dollars = (*view.projected - spent_at_start_).dollars();
    if (dollars > kBeyond * plan_->dollars_high) {
      dear_told_ = true;
      told.push_back(fmt::format("will cost about {}, and {} were planned", dollars_text(dollars),
                                 dollars_text(plan_->dollars)));
    }
  }
  return told;
}

}  // namespace sluice::words
