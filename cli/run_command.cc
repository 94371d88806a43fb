// sluice run: run the job, or resume it.
#include "cli/run_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/dry_run.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/run_end.h"
#include "cli/run_start.h"
#include "cli/shared_run.h"
#include "cli/version.h"
#include "core/json.h"
#include "deliver/deliver.h"
#include "deliver/follow.h"
#include "inspect/changed_endpoints.h"
#include "job/job_files.h"
#include "job/job_place.h"
#include "job/run.h"
#include "observe/events.h"
#include "observe/figures.h"
#include "observe/log_observer.h"
#include "observe/view.h"
#include "shell/help_text.h"
#include "shell/number_range.h"
#include "shell/standard_streams.h"
#include "stages/cascade.h"
#include "stages/question.h"
#include "stages/worst_case.h"
#include "words/cost_notes.h"
#include "words/monitor.h"
#include "words/run_plan.h"
#include "words/run_summary.h"
#include "words/run_timeline.h"

namespace sluice::cli {
namespace {

using observe::count;

// What a changed question may cost without a --yes from whoever sits at a terminal.
constexpr core::Money kAskFirst = core::Money::picodollars(1'000'000'000'000);

// What the other questions of the job have cost, or may have, and what they used of a day's quotas.
struct Others {
  core::Money spent;
  dispatch::DayUses day_use;
};
core::Result<Others> used_by_others(const stages::JobSpec& job, std::size_t question) {
  Others others;
  if (job.questions.size() == 1) return others;
  const auto accounts = accounts_of(job);
  if (!accounts) return std::unexpected(accounts.error());
  for (std::size_t k = 0; k < accounts->size(); ++k) {
    if (k == question) continue;
    for (const store::EndpointLedger& ledger : (*accounts)[k].endpoints) {
      others.spent += ledger.cost + ledger.maybe_billed_cost;
      others.day_use.emplace(ledger.name, ledger.day);
    }
  }
  return others;
}

// Nothing where no log is kept.
std::unique_ptr<observe::LogObserver> log_observer(const stages::PipelineSpec& spec,
                                                   const RunLog& log) {
  static const core::SystemClock clock;
  if (log.style != Log::json && log.file == nullptr) return nullptr;
  std::vector<std::string> names;
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints)
    names.push_back(endpoint.name);
  return std::make_unique<observe::LogObserver>(
      std::move(names), clock, [&log](const std::string& line) { log.event(line); });
}

// A question with what the job's limits leave to it.
stages::PipelineSpec limited(stages::PipelineSpec question, std::optional<core::Money> budget,
                             core::Money spent, core::Duration elapsed) {
  stages::DispatchSpec& dispatch = question.dispatch;
  if (budget) dispatch.budget = budget;
  dispatch.whole_budget = dispatch.budget;
  if (dispatch.budget) dispatch.budget = std::max(core::Money(), *dispatch.budget - spent);
  dispatch.spent_elsewhere = spent;
  if (dispatch.deadline)
    dispatch.deadline = std::max(core::Duration(1), *dispatch.deadline - elapsed);
  return question;
}

// Prints what a person should know; the JSON summary is for the end.
core::Result<words::Results> run_questions(const stages::JobSpec& job, const RunFlags& flags,
                                           RunWatch& watch,
                                           std::optional<shell::StopSignal>& signal) {
  const core::SystemClock clock;
  const core::Time started = clock.now();
  words::Results results;
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    const auto others = used_by_others(job, k);
    if (!others) return std::unexpected(others.error());
    const core::Money spent = others->spent;
    const stages::PipelineSpec spec = limited(job.questions[k], watch.budget_ordered(), spent,
                                              k == 0 ? core::Duration() : clock.now() - started);
    if (flags.log == Log::text) fmt::print(stderr, "{}", heading_of(job, k));
    if (const Change change = change_of(job, k); !change.text.empty()) {
      flags.log.note(change.text);
      if (change.cost > kAskFirst && !flags.yes && ::isatty(STDIN_FILENO) != 0)
        return core::fail(
            core::ErrorCode::usage,
            fmt::format("{}: this asks rows again for about {}; nothing was asked. Run "
                        "it with --yes to go on, or take the change back",
                        job.name, change.cost.text()));
    }
    if (auto own = deliver::look_ahead(spec); !own) return std::unexpected(own.error());
    const bool shared = is_shared(job);
    const auto taken_back = shared ? 0 : inspect::take_back_of_changed(spec);
    if (!taken_back) return std::unexpected(taken_back.error());
    if (*taken_back > 0) flags.log.note(asked_again_text(*taken_back));
    const auto gone = [&] { return clock.now() - started; };
    core::Result<job::RunResult> result;
    core::Duration elapsed{};
    observe::LimitTally limits;
    std::optional<words::RunTimeline> timeline;
    // A few rows are no job to plan.
    const auto planned = flags.limit || shared ? std::nullopt : words::plan_run(spec, kVersion);
    std::optional<words::PlanWatch> plan;
    watch.begin(k);
    const auto log = log_observer(spec, flags.log);
    std::unique_ptr<passes::Passes> passes;
    if (shared) {
      auto joined =
          passes::Passes::join(spec, [&flags](const std::string& text) { flags.log.note(text); });
      if (!joined) return std::unexpected(joined.error());
      passes = std::move(*joined);
      if (!signal) signal.emplace();
    }
    const auto told_to_stop = [&] { return signal->seen() || watch.stop_ordered(); };
    // Once, or again: over the same input with what batches have brought, or over another part of it.
    job::BatchRefusals refusals;
    std::optional<passes::Pass> pass;
    for (std::optional<job::Progress> earlier;;) {
      if (passes && !(result && result->again)) {
        auto next = passes->next(told_to_stop);
        if (!next) return std::unexpected(next.error());
        if (!*next) {
          result = end_of_shared(*passes, earlier);
          break;
        }
        pass = std::move(*next);
      }
      const stages::PipelineSpec now =
          earlier || pass
              ? limited(pass ? pass->spec : job.questions[k], watch.budget_ordered(), spent, gone())
              : spec;
      auto made =
          job::Run::make(now, {.limit = k == 0 ? flags.limit : std::nullopt,
                               .detach = flags.detach,
                               .batch_refusals = refusals,
                               .keep_going = flags.keep_going || earlier.has_value(),
                               .day_use_of_others = others->day_use,
                               .notice = [&](const std::string& text) { flags.log.note(text); },
                               .shards = pass ? pass->shards : nullptr,
                               .shared_log = pass ? pass->log : nullptr,
                               .shared_files = pass ? pass->files : nullptr,
                               .ledger = pass ? pass->ledger : dispatch::AskLedger(),
                               .spends_as = pass ? pass->spends_as : nullptr,
                               .observer = watch.observer(log.get())});
      if (!made) return std::unexpected(made.error());
      job::Run& run = **made;
      if (!earlier) {
        if (flags.log == Log::text) report_resumed(run.opened());
        report_budget(now, run.opened(), flags.log);
        flags.log.event(started_json(job, k, flags, run.opened()));
      }
      if (!signal) signal.emplace();
      if (!timeline) {
        timeline.emplace(spec, kVersion);
        if (planned) words::keep_plan(*planned, spec);
        plan.emplace(planned, run.opened().spent + spent);
      }
      {
        const auto style = flags.log == Log::json                     ? observe::Style::json
                           : observe::is_live_terminal(STDERR_FILENO) ? observe::Style::block
                                                                      : observe::Style::lines;
        const OrdersTo orders(watch, run);
        const auto watched = passes ? passes->begin(run) : nullptr;
        words::Monitor monitor(now, {title_of(job, k), spent, watch.live()}, run, *signal, style,
                               limits, *timeline, *plan, flags.log.file.get());
        const deliver::Follower follower(now,
                                         [&](const std::string& text) { flags.log.note(text); });
        result = run.run();
        elapsed += monitor.elapsed();
      }
      if (!result) return std::unexpected(result.error());
      if (passes) {
        if (auto told = passes->ended(*result); !told) return std::unexpected(told.error());
        results.has_whole_job = passes->has_whole_job();
      }
      if (earlier) job::add_earlier(result->progress, *earlier);
      if (passes && !results.has_whole_job &&
          (result->end == job::RunEnd::finished || passes->lost())) {
        earlier = result->progress;
        continue;
      }
      if (!result->again || signal->seen() || watch.stop_ordered()) break;
      earlier = result->progress;
      refusals = std::move(result->batch_refusals);
    }
    if (passes) passes->leave(false);
    watch.ended(*result);
    if ((signal->seen() || watch.stop_ordered()) && k + 1 < job.questions.size() &&
        result->end == job::RunEnd::finished) {  // too late for this one, not for the job
      result->end = job::RunEnd::stopped;
      result->why = "on request";
    }
    if (timeline) timeline->ended(*result);  // none: others have done all of it
    auto delivered = shared && !results.has_whole_job
                         ? core::Result<std::vector<deliver::Delivered>>{}
                         : deliver::deliver(spec);
    if (!delivered) return std::unexpected(delivered.error());
    results.elapsed = clock.now() - started;
    results.questions.push_back(
        {std::move(*result), elapsed, limits.limits(), std::move(*delivered)});
    if (flags.log == Log::text && shared && !results.has_whole_job) {
      fmt::print("{}", part_summary(results.questions.back().run));
    } else if (flags.log == Log::text) {
      const auto accounts = accounts_of(job);
      if (!accounts) return std::unexpected(accounts.error());
      const auto cascade = results.cascade(job, k, *accounts);
      fmt::print(
          "{}{}", heading_of(job, k),
          words::summary(spec, results.questions.back(), observe::terminal_width(STDOUT_FILENO),
                         cascade ? words::cascade_note(*cascade) : ""));
    }
    if (results.questions.back().run.end == job::RunEnd::stopped) break;
  }
  return results;
}

int report_in(const core::Error& error, const RunLog& log) {
  log.event(observe::error_json(error, core::SystemClock().wall_now()));
  if (log == Log::text) return report(error);
  return core::exit_code(error.code);
}

// What outlives the run, for those who still look at it.
struct Ran {
  core::Result<stages::JobSpec> job;
  std::optional<shell::StopSignal> signal;
  std::unique_ptr<RunWatch> watch;
};

// The exit status.
int run_to_end(RunFlags& flags, RunEnd& end, Ran& ran) {
  const auto failed = [&](const core::Error& error) {
    end.failed(error);
    if (ran.watch) ran.watch->over(listen::State::failed, error.text());
    return report_in(error, flags.log);
  };
  const auto& job = ran.job = flags.file.load(Secrets::required);
  if (auto opened = flags.log.open(flags.file.path, job ? &*job : nullptr); !opened)
    return failed(opened.error());
  if (!job) return failed(job.error());
  if (auto told = end.begin(*job); !told) return failed(told.error());
  if (auto apart = job::keep_apart(*job); !apart) return failed(apart.error());
  if (auto none = job::none_left_behind(*job); !none) return failed(none.error());
  if (const auto same = flags.file.alike(*job); !same) return failed(same.error());
  if (auto fits = prepare_shared(*job, flags); !fits) return failed(fits.error());
  if (flags.fresh) {
    const auto aside = job::set_aside(
        *job, fmt::format(".before-{:%Y%m%dT%H%M%S}", std::chrono::floor<std::chrono::seconds>(
                                                          std::chrono::system_clock::now())));
    if (!aside) return failed(aside.error());
    for (const std::string& path : *aside) flags.log.note("set aside: " + path);
  }
  const auto lock = lock_to_run(*job);
  if (!lock) return failed(lock.error());
  auto watch = RunWatch::open(
      *job, flags.file.path, flags.watch,
      [&](const std::string& text, observe::Level level) { flags.log.note(text, level); });
  if (!watch) return failed(watch.error());
  ran.watch = std::move(*watch);
  const auto results = run_questions(*job, flags, *ran.watch, ran.signal);
  if (!results) return failed(results.error());
  if (flags.log == Log::json || flags.log.file != nullptr || end.wants_summary()) {
    const auto accounts = accounts_after(*job, *results);
    if (!accounts) return failed(accounts.error());
    const std::string summary = words::summary_json(*job, *results, *accounts);
    if (flags.log == Log::json) fmt::print("{}\n", summary);
    flags.log.keep(summary);
    end.ended(summary, results->finished(*job));
  }
  const job::RunResult& last = results->questions.back().run;
  if (last.error) return failed(*last.error);
  ran.watch->over(results->finished(*job) ? listen::State::finished : listen::State::stopped,
                  last.why);
  if (!results->finished(*job)) return 4;
  for (std::size_t k = 0; k < results->questions.size(); ++k) {
    if (stages::has_next_level(job->questions[k])) continue;  // they are asked, or rejected, there
    if (results->questions[k].run.progress.account.rows_rejected > 0) return 1;
  }
  return 0;
}

}  // namespace

int run_job(const RunFlags& given) {
  RunFlags flags = given;
  RunEnd end(flags);
  Ran ran;
  int exit_status = 0;
  try {
    exit_status = run_to_end(flags, end, ran);
  } catch (...) {
    const core::Error error = core::caught();
    end.failed(error);
    exit_status = report_in(error, flags.log);
  }
  const bool stopped = ran.signal && ran.signal->seen();
  ran.signal.reset();  // there is one at a time, and those who tell the end want their own
  exit_status = end.tell(exit_status);
  if (ran.watch && !stopped) ran.watch->linger();
  return exit_status;
}

void add_run_flags(CLI::App& command, RunFlags& flags) {
  command.add_flag(
      "--fresh", flags.fresh,
      "Start over: the checkpoint and the files of earlier runs are set aside, and all "
      "is asked again");
  command.add_flag("--yes", flags.yes,
                   "Ask rows again that a changed pipeline file asks otherwise, whatever it costs");
  command.add_flag("--keep-going", flags.keep_going,
                   "Go on where the first rows all fail alike: they are rejected");
}

void add_run_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Run the job, or resume it");
  flags->file.add_options(*command);
  command
      ->add_option("--limit,--rows", flags->limit,
                   "Read at most so many rows (for the first question)")
      ->check(shell::whole_number(1));
  command->add_flag("--detach", flags->detach,
                    "Hand over batches and leave, with status 4: a later run collects them");
  add_run_flags(*command, *flags);
  add_watch_flags(*command, flags->watch);
  add_log_options(*command, flags->log);
  add_end_options(*command, *flags);
  command->footer(shell::help_footer(
      "Ctrl-C stops reading, waits for the requests in flight, and exits with 4; a second one "
      "aborts at once with 130. Either way the same command resumes the job.",
      {{"sluice run tickets.lua", "to the end, or resume it"},
       {"sluice run tickets.lua --limit 20", "try it on a few rows"},
       {"sluice run tickets.lua --dry-run --rows 3", "see the requests, send none"},
       {"sluice run tickets.lua --set model=gpt-5.4 --log json 2>run.jsonl", ""}}));
  auto dry = std::make_shared<DryRunFlags>();
  add_dry_run_options(*command, *dry);
  command->callback([flags, dry, &exit_status] {
    dry->limit = flags->limit;
    exit_status = dry->only || !dry->to.empty() ? dry_run(flags->file, *dry) : run_job(*flags);
  });
}

}  // namespace sluice::cli
