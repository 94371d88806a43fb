// sluice plan: what a job will cost and when it will end, for each way to run it; sends nothing.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/plan_flags.h"
#include "cli/version.h"
#include "inspect/plan_job.h"
#include "plan/scenario.h"
#include "shell/help_text.h"
#include "words/plan_text.h"

namespace sluice::cli {
namespace {

int plan_job(const JobFile& file, const PlanFlags& flags, const std::string& what_if) {
  const auto setup = flags.setup();
  if (!setup) return report(setup.error());
  const auto job = file.load(Secrets::unread);
  if (!job) return report(job.error());
  auto planned = inspect::plan_job(job->questions.front(), *setup);
  if (!planned) return report(planned.error());
  if (!what_if.empty()) {
    auto other = plan::changed(std::move(planned->job), what_if);
    if (!other) return report({core::ErrorCode::usage, "--what-if: " + other.error(), {}});
    planned->job = std::move(*other);
  }
  const plan::Plan plan = plan::make_plan(planned->job);
  const words::PlanFrame frame{
      .name = job->name,
      .title = title_of(*job, 0),
      .version = std::string(kVersion),
      .rest = job->questions.size() > 1
                  ? "what follows asks about its answers, and is not in this plan"
                  : ""};
  if (flags.json) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    fmt::print("{}\n", words::plan_json(frame, *planned, plan, now.time_since_epoch().count()));
  } else {
    fmt::print("{}", words::plan_text(frame, *planned, plan));
  }
  return 0;
}

}  // namespace

void add_plan_command(CLI::App& app, int& exit_status) {
  struct Options {
    JobFile file;
    PlanFlags flags;
    std::string what_if;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("plan", "What the job will cost and when it will end; send nothing");
  options->file.add_options(*command);
  options->flags.add_options(*command);
  command->add_option("--what-if", options->what_if, "Plan as if something were otherwise")
      ->type_name("CHANGES");
  command->add_flag("--json", options->flags.json, "For programs");
  command->footer(shell::help_footer(
      "The first rows are taken through the real steps, prompts and packs, the rest is counted. "
      "What "
      "earlier runs of the job have measured is used: after `sluice run FILE --limit 200` a plan "
      "is "
      "within some percent.",
      {{"sluice plan tickets.lua", ""},
       {"sluice plan tickets.lua --what-if 'rpm=x2'", "twice the quota"},
       {"sluice plan tickets.lua --latency 2.5s --output-tokens 40", ""}}));
  command->callback([options, &exit_status] {
    exit_status = plan_job(options->file, options->flags, options->what_if);
  });
}

}  // namespace sluice::cli
