// sluice run: run the job, or resume it.
#include "cli/run_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/cost_notes.h"
#include "cli/dry_run.h"
#include "cli/help_text.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/monitor.h"
#include "cli/number_range.h"
#include "cli/reject_notes.h"
#include "cli/standard_streams.h"
#include "core/json.h"
#include "job/job_files.h"
#include "job/job_place.h"
#include "job/run.h"
#include "observe/figures.h"
#include "observe/view.h"
#include "stages/question.h"
#include "stages/worst_case.h"

namespace sluice::cli {
namespace {

using observe::count;

// What a changed question may cost without a --yes from whoever sits at a terminal.
constexpr core::Money kAskFirst = core::Money::picodollars(1'000'000'000'000);

void print_note(const std::string& text, Log log) {
  say((log == Log::json ? observe::notice_json(text) : "note: " + text) + "\n");
}

void report_resumed(const checkpoint::Checkpoint::Opened& opened) {
  if (opened.resumed)
    say(fmt::format("resuming: {} rows have ended before\n", count(opened.done_rows)));
  if (opened.maybe_billed > 0) {
    say(fmt::format(
        "the last run was cut off: {} requests may have been billed without an answer, at "
        "most {}; they are asked again\n",
        count(opened.maybe_billed), opened.maybe_billed_cost.text()));
  }
}

std::uint64_t odd_limits(const job::Progress& progress) {
  std::uint64_t sum = 0;
  for (const auto& endpoint : progress.dispatch.schedule.endpoints) sum += endpoint.odd_limits;
  return sum;
}

// What packs were worth; empty where there were none.
std::string savings_note(const stages::PackSavings::Saved& saved) {
  const auto size = [](std::int64_t n) { return count(static_cast<std::uint64_t>(std::abs(n))); };
  if (saved.requests == 0 && saved.tokens == 0) return {};
  if (saved.requests < 0)
    return fmt::format(
        "packs took {} requests and about {} input tokens more than one row a "
        "request would have, in this run",
        size(saved.requests), size(std::min<std::int64_t>(saved.tokens, 0)));
  if (saved.tokens < 0)
    return fmt::format(
        "packs saved {} requests, but took about {} input tokens more than one row a "
        "request would have, in this run",
        size(saved.requests), size(saved.tokens));
  return fmt::format("packs saved {} requests and about {} input tokens in this run",
                     size(saved.requests), size(saved.tokens));
}

// What stops the next run as well has a message that says what helps.
std::string_view again(const job::RunResult& result) {
  const bool same_again = result.cause == schedule::HaltCause::budget ||
                          (result.error && result.error->code == core::ErrorCode::pipeline);
  return same_again ? "" : "; run it again to resume";
}

// What is left of the budget does not cover another request.
void report_budget(const stages::PipelineSpec& spec, const checkpoint::Checkpoint::Opened& opened,
                   Log log) {
  if (!spec.dispatch.budget) return;
  const stages::WorstCase worst = stages::least_worst_case(spec, stages::make_question(spec));
  if (worst.cost == core::Money() || opened.spent + worst.cost <= *spec.dispatch.budget) return;
  const std::string message = fmt::format(
      "{}: nothing more can be asked: {} of the budget of {} is spent, and {}; raise the budget, "
      "or {} max_output_tokens",
      spec.name, opened.spent.text(), spec.dispatch.budget->text(), stages::explain(worst),
      worst.capped ? "lower" : "set");
  print_note(message, log);
}

std::vector<observe::EndpointView> endpoints_with_problems(const stages::PipelineSpec& spec,
                                                           const job::Progress& progress) {
  std::vector<observe::EndpointView> views;
  const auto& states = progress.dispatch.schedule.endpoints;
  const core::Time now = core::SystemClock().now();
  for (std::size_t i = 0; i < states.size(); ++i) {
    auto view = view_of(spec.dispatch.endpoints[i], states[i], now);
    if (view.problem) views.push_back(std::move(view));
  }
  return views;
}

std::string summary(const stages::PipelineSpec& spec, const job::RunResult& result,
                    core::Duration elapsed) {
  const job::Progress& p = result.progress;
  const store::Account& account = p.account;
  const store::EndpointLedger total = account.total();
  const double seconds = std::max(1e-3, std::chrono::duration<double>(elapsed).count());
  const bool finished = result.end == job::RunEnd::finished;

  std::string text =
      finished ? fmt::format("{}: finished in {}\n", spec.name, observe::duration(elapsed))
               : fmt::format("{}: stopped after {}: {}{}\n", spec.name, observe::duration(elapsed),
                             result.why, again(result));
  const auto line = [&text](std::string_view name, std::string value) {
    text += fmt::format("  {:<10}{}\n", name, value);
  };
  std::string rows = fmt::format("{} read, {} answered, {} rejected", count(account.rows_read),
                                 count(account.rows_answered), count(account.rows_rejected));
  if (account.rows_pending() > 0)
    rows += fmt::format(", {} pending", count(account.rows_pending()));
  line("rows", rows);
  if (p.rows_at_start > 0)
    line("", fmt::format("{} of them had ended in earlier runs", count(p.rows_at_start)));
  if (p.rows_shared > 0)
    line("", fmt::format("{} answered by the answer to an equal question", count(p.rows_shared)));
  if (p.rows_asked_again > 0)
    line("", fmt::format("{} askings repeated because an answer was missing or did not fit",
                         count(p.rows_asked_again)));
  if (result.unmatched > 0)
    line("", fmt::format("{} rows of earlier runs are no longer in the input as they were: {}",
                         count(result.unmatched),
                         spec.sink.keep_missing ? "their lines stay (keep_missing)"
                         : result.dropped
                             ? "their lines are taken out; their answers stay in the checkpoint"
                             : "their lines stay until a run reads all of it and finishes"));
  line("requests",
       fmt::format("{} answered, {} failed", count(total.answered), count(total.failed)));
  if (const std::string note = savings_note(p.saved); !note.empty()) line("", note);
  line("tokens", fmt::format("{} in, {} out", count(total.usage.input), count(total.usage.output)));
  line("cost", total.cost.text());
  for (const std::string& note : cost_notes(account, {spec})) line("", note);
  if (p.dispatch.odd_charges > 0)
    line("", fmt::format("{} charges that a gateway told cannot be (zero for work done, or not in "
                         "dollars): counted at list prices",
                         count(p.dispatch.odd_charges)));
  if (spec.dispatch.budget && p.dispatch.schedule.throttle)
    line("", throttle_note(*p.dispatch.schedule.throttle));
  if (const std::uint64_t odd = odd_limits(p); odd > 0)
    line("", fmt::format("{} replies stated limits that no request could keep to: not followed",
                         count(odd)));
  line("speed",
       fmt::format("{} rows/s", observe::rounded(static_cast<double>(p.rows_ended) / seconds)));
  for (const observe::EndpointView& endpoint : endpoints_with_problems(spec, p))
    line("endpoint",
         fmt::format("{}: {}", endpoint.name, observe::problem_text(*endpoint.problem)));
  line("output", spec.sink.path);
  if (account.rows_rejected > 0) {
    line("rejects", spec.sink.rejects);
    for (const std::string& note : reject_notes(reasons_of(spec), spec.file)) line("", note);
  }
  return text;
}

// One question after the other, until one stops.
struct Results {
  std::vector<job::RunResult> questions;  // those that have begun
  core::Duration elapsed{};
  bool finished(const stages::JobSpec& job) const {
    return questions.size() == job.questions.size() &&
           questions.back().end == job::RunEnd::finished;
  }
};

void write_rows(core::JsonWriter& w, const store::Account& account, const job::Progress& progress) {
  w.field("rows_read", account.rows_read);
  w.field("rows_answered", account.rows_answered);
  w.field("rows_rejected", account.rows_rejected);
  w.field("rows_pending", account.rows_pending());
  w.field("rows_this_run", progress.rows_ended);
  w.field("rows_shared", progress.rows_shared);
  w.field("rows_asked_again", progress.rows_asked_again);
  w.field("saved_requests", progress.saved.requests);
  w.field("saved_input_tokens", progress.saved.tokens);
  const store::EndpointLedger total = account.total();
  w.field("requests", total.attempts);
  w.field("failed", total.failed);
  w.field("input_tokens", total.usage.input);
  w.field("output_tokens", total.usage.output);
  w.field("cost_usd", total.cost.dollars());
  w.key("maybe_billed");
  w.open('{');
  const Unknown unknown = maybe_billed(account);
  w.field("requests", unknown.requests);
  w.field("cost_usd", unknown.most.dollars());
  if (unknown.likely) w.field("likely_cost_usd", unknown.likely->dollars());
  w.field("uncounted", uncounted(account).requests);
  w.close('}');
  w.field("odd_charges", progress.dispatch.odd_charges);
  w.field("odd_limits", odd_limits(progress));
  if (const auto& throttle = progress.dispatch.schedule.throttle) {
    w.key("budget_holds_back");
    w.open('{');
    w.field("in_flight", throttle->in_flight);
    w.field("could_be", throttle->could_be);
    w.field("worst_cost_usd", throttle->worst_cost.dollars());
    w.close('}');
  }
}

std::string summary_json(const stages::JobSpec& job, const Results& results,
                         const std::vector<store::Account>& accounts) {
  const auto progress_of = [&](std::size_t k) {
    return k < results.questions.size() ? results.questions[k].progress : job::Progress();
  };
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("event", results.finished(job) ? "finished" : "stopped");
  w.field("job", job.name);
  if (const std::string& why = results.questions.back().why; !why.empty()) w.field("why", why);
  w.field("elapsed_s", std::chrono::duration<double>(results.elapsed).count());
  write_rows(w, joined(accounts), progress_of(accounts.size() - 1));
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  w.field("peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024);  // Linux counts in KiB
  w.key("problems");
  w.open('[');
  const std::size_t last = results.questions.size() - 1;
  for (const observe::EndpointView& endpoint :
       endpoints_with_problems(job.questions[last], results.questions[last].progress)) {
    w.open('{');
    w.field("endpoint", endpoint.name);
    w.field("stopped", endpoint.problem->stopped);
    w.field("message", endpoint.problem->message);
    w.close('}');
  }
  w.close(']');
  write_rejects(w, reasons_of(job.questions[last]));
  if (accounts.size() > 1) {
    w.key("questions");
    w.open('[');
    for (std::size_t k = 0; k < accounts.size(); ++k) {
      w.open('{');
      write_rows(w, accounts[k], progress_of(k));
      w.close('}');
    }
    w.close(']');
  }
  w.close('}');
  return out;
}

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

// A question with what the job's limits leave to it.
stages::PipelineSpec limited(stages::PipelineSpec question, core::Money spent,
                             core::Duration elapsed) {
  stages::DispatchSpec& dispatch = question.dispatch;
  if (dispatch.budget) dispatch.budget = std::max(core::Money(), *dispatch.budget - spent);
  if (dispatch.deadline)
    dispatch.deadline = std::max(core::Duration(1), *dispatch.deadline - elapsed);
  return question;
}

// Prints what a person should know; the JSON summary is for the end.
core::Result<Results> run_questions(const stages::JobSpec& job, const RunFlags& flags) {
  const core::SystemClock clock;
  const core::Time started = clock.now();
  Results results;
  std::optional<StopSignal> signal;
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    const auto others = used_by_others(job, k);
    if (!others) return std::unexpected(others.error());
    const core::Money spent = others->spent;
    const stages::PipelineSpec spec =
        limited(job.questions[k], spent, k == 0 ? core::Duration() : clock.now() - started);
    if (flags.log == Log::text) fmt::print(stderr, "{}", heading_of(job, k));
    if (const Change change = change_of(job, k); !change.text.empty()) {
      print_note(change.text, flags.log);
      if (change.cost > kAskFirst && !flags.yes && ::isatty(STDIN_FILENO) != 0)
        return core::fail(
            core::ErrorCode::usage,
            fmt::format("{}: this asks rows again for about {}; nothing was asked. Run "
                        "it with --yes to go on, or take the change back",
                        job.name, change.cost.text()));
    }
    auto made = job::Run::make(
        spec, {.limit = k == 0 ? flags.limit : std::nullopt,
               .keep_going = flags.keep_going,
               .day_use_of_others = others->day_use,
               .notice = [&](const std::string& text) { print_note(text, flags.log); }});
    if (!made) return std::unexpected(made.error());
    job::Run& run = **made;
    if (flags.log == Log::text) report_resumed(run.opened());
    report_budget(spec, run.opened(), flags.log);
    if (!signal) signal.emplace();

    core::Result<job::RunResult> result;
    core::Duration elapsed{};
    {
      const auto style = flags.log == Log::json                     ? observe::Style::json
                         : observe::is_live_terminal(STDERR_FILENO) ? observe::Style::block
                                                                    : observe::Style::lines;
      Monitor monitor(spec, {title_of(job, k), spent}, run, *signal, style);
      result = run.run();
      elapsed = monitor.elapsed();
    }
    if (!result) return std::unexpected(result.error());
    if (signal->seen() && k + 1 < job.questions.size() &&
        result->end == job::RunEnd::finished) {  // too late for this one, not for the job
      result->end = job::RunEnd::stopped;
      result->why = "on request";
    }
    if (flags.log == Log::text)
      fmt::print("{}{}", heading_of(job, k), summary(spec, *result, elapsed));
    results.elapsed = clock.now() - started;
    results.questions.push_back(std::move(*result));
    if (results.questions.back().end == job::RunEnd::stopped) break;
  }
  return results;
}

}  // namespace

int run_job(const RunFlags& flags) {
  const auto job = flags.file.load(Secrets::required);
  if (!job) return report(job.error());
  if (auto apart = job::keep_apart(*job); !apart) return report(apart.error());
  if (auto none = job::none_left_behind(*job); !none) return report(none.error());
  if (const auto same = flags.file.alike(*job); !same) return report(same.error());
  if (flags.fresh) {
    const auto aside = job::set_aside(
        *job, fmt::format(".before-{:%Y%m%dT%H%M%S}", std::chrono::floor<std::chrono::seconds>(
                                                          std::chrono::system_clock::now())));
    if (!aside) return report(aside.error());
    for (const std::string& path : *aside) print_note("set aside: " + path, flags.log);
  }
  const auto lock = lock_to_run(*job);
  if (!lock) return report(lock.error());
  const auto results = run_questions(*job, flags);
  if (!results) return report(results.error());
  if (flags.log == Log::json) {
    const auto accounts = accounts_of(*job);
    if (!accounts) return report(accounts.error());
    fmt::print("{}\n", summary_json(*job, *results, *accounts));
  }
  if (const auto& error = results->questions.back().error) return report(*error);
  if (!results->finished(*job)) return 4;
  const bool rejects = std::ranges::any_of(results->questions, [](const job::RunResult& one) {
    return one.progress.account.rows_rejected > 0;
  });
  return rejects ? 1 : 0;
}

void add_log_option(CLI::App& command, Log& log) {
  restrict_to(command.add_option_function<std::string>(
                  "--log",
                  [&log](const std::string& text) { log = text == "json" ? Log::json : Log::text; },
                  "Progress and summary: for people, or a JSON object a line"),
              {"text", "json"});
}

void add_run_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Run the job, or resume it");
  flags->file.add_options(*command);
  command
      ->add_option("--limit,--rows", flags->limit,
                   "Read at most so many rows (for the first question)")
      ->check(whole_number(1));
  command->add_flag(
      "--fresh", flags->fresh,
      "Start over: the checkpoint and the files of earlier runs are set aside, and all "
      "is asked anew");
  command->add_flag(
      "--yes", flags->yes,
      "Ask rows again that a changed pipeline file asks otherwise, whatever it costs");
  command->add_flag("--keep-going", flags->keep_going,
                    "Go on where the first rows all fail alike: they are rejected");
  add_log_option(*command, flags->log);
  command->footer(help_footer(
      "Ctrl-C stops reading, waits for the requests in flight, and exits with 4; a second one "
      "aborts at once with 130. Either way the same command resumes the job.",
      {{"sluice run tickets.lua", "to the end, or resume it"},
       {"sluice run tickets.lua --limit 20", "try it on a few rows"},
       {"sluice run tickets.lua --set model=gpt-5.4 --log json 2>run.jsonl", ""}}));
  auto dry = std::make_shared<DryRunFlags>();
  add_dry_run_options(*command, *dry);
  command->callback([flags, dry, &exit_status] {
    dry->limit = flags->limit;
    exit_status = dry->only || !dry->to.empty() ? dry_run(flags->file, *dry) : run_job(*flags);
  });
}

}  // namespace sluice::cli
