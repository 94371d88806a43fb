// sluice run: run the job, or go on with it.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/monitor.h"
#include "core/json.h"
#include "observe/figures.h"
#include "stages/run.h"

namespace sluice::cli {
namespace {

using observe::count;

enum class Log : std::uint8_t { text, json };

struct RunFlags {
  JobFile file;
  std::optional<std::uint64_t> limit;
  Log log = Log::text;
};

void tell_resumed(const checkpoint::Checkpoint::Opened& opened) {
  if (opened.resumed)
    fmt::print(stderr, "going on: {} rows have ended before\n", count(opened.done_rows));
  if (opened.maybe_billed > 0) {
    fmt::print(stderr,
               "the last run was cut off: {} requests may have been billed without an answer, at "
               "most {}; they are asked again\n",
               count(opened.maybe_billed), opened.maybe_billed_cost.text());
  }
}

std::string summary(const stages::PipelineSpec& spec, const stages::RunResult& result,
                    core::Duration elapsed) {
  const stages::Progress& p = result.progress;
  const checkpoint::Account& account = p.account;
  const checkpoint::EndpointLedger total = account.total();
  const double seconds = std::max(1e-3, std::chrono::duration<double>(elapsed).count());
  const bool finished = result.end == stages::RunEnd::finished;

  std::string text =
      finished ? fmt::format("{}: finished in {}\n", spec.name, observe::duration(elapsed))
               : fmt::format("{}: stopped after {}: {}; run it again to go on\n", spec.name,
                             observe::duration(elapsed), result.why);
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
  if (result.untaken > 0)
    line("",
         fmt::format(
             "{} rows of earlier runs are no longer in the input; their lines stay in the output",
             count(result.untaken)));
  line("requests",
       fmt::format("{} answered, {} failed", count(total.answered), count(total.failed)));
  line("tokens", fmt::format("{} in, {} out", count(total.usage.input), count(total.usage.output)));
  line("cost", total.cost.text());
  if (total.maybe_billed > 0) {
    line("",
         fmt::format("and at most {} for {} requests that may have been billed without an answer",
                     total.maybe_billed_cost.text(), count(total.maybe_billed)));
  }
  line("speed",
       fmt::format("{} rows/s", observe::rounded(static_cast<double>(p.rows_ended) / seconds)));
  line("output", spec.sink.path);
  if (account.rows_rejected > 0) line("rejects", spec.sink.rejects);
  return text;
}

std::string summary_json(const stages::PipelineSpec& spec, const stages::RunResult& result,
                         core::Duration elapsed) {
  const checkpoint::Account& account = result.progress.account;
  const checkpoint::EndpointLedger total = account.total();
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("event", result.end == stages::RunEnd::finished ? "finished" : "stopped");
  w.field("job", spec.name);
  if (!result.why.empty()) w.field("why", result.why);
  w.field("elapsed_s", std::chrono::duration<double>(elapsed).count());
  w.field("rows_read", account.rows_read);
  w.field("rows_answered", account.rows_answered);
  w.field("rows_rejected", account.rows_rejected);
  w.field("rows_pending", account.rows_pending());
  w.field("rows_this_run", result.progress.rows_ended);
  w.field("rows_shared", result.progress.rows_shared);
  w.field("requests", total.attempts);
  w.field("failed", total.failed);
  w.field("input_tokens", total.usage.input);
  w.field("output_tokens", total.usage.output);
  w.field("cost_usd", total.cost.dollars());
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  w.field("peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024);  // Linux counts in KiB
  w.close('}');
  return out;
}

int run(const RunFlags& flags) {
  const auto spec = flags.file.load(Secrets::required);
  if (!spec) return report(spec.error());
  auto made = stages::Run::make(*spec, {flags.limit});
  if (!made) return report(made.error());
  stages::Run& job = **made;
  if (flags.log == Log::text) tell_resumed(job.opened());

  core::Result<stages::RunResult> result;
  core::Duration elapsed{};
  {
    const auto style = flags.log == Log::json                     ? observe::Style::json
                       : observe::is_live_terminal(STDERR_FILENO) ? observe::Style::block
                                                                  : observe::Style::lines;
    Monitor monitor(*spec, job, style);
    result = job.run();
    elapsed = monitor.elapsed();
  }
  if (!result) return report(result.error());
  if (flags.log == Log::json) {
    fmt::print("{}\n", summary_json(*spec, *result, elapsed));
  } else {
    fmt::print("{}", summary(*spec, *result, elapsed));
  }
  if (result->end == stages::RunEnd::stopped) return 4;
  return result->progress.account.rows_rejected > 0 ? 1 : 0;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Run the job, or go on with it");
  flags->file.add_options(*command);
  command->add_option("--limit", flags->limit, "Read at most so many rows");
  command->add_option("--log", flags->log, "Progress and summary as text or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Log>{{"text", Log::text}, {"json", Log::json}}));
  command->footer(
      "Ctrl-C stops reading, waits for the requests in flight, and exits with 4; a second one "
      "aborts\n"
      "at once with 130. Either way the same command goes on where the job was.");
  command->callback([flags, &exit_status] { exit_status = run(*flags); });
}

}  // namespace sluice::cli
