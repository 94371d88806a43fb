// sluice simulate: the job on virtual time, and what would be if; sends nothing.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/plan_flags.h"
#include "cli/version.h"
#include "inspect/page_file.h"
#include "inspect/plan_job.h"
#include "inspect/simulate_job.h"
#include "plan/model.h"
#include "plan/scenario.h"
#include "shell/help_text.h"
#include "shell/number_range.h"
#include "words/simulation_page.h"
#include "words/simulation_text.h"

namespace sluice::cli {
namespace {

struct SimulateFlags {
  JobFile file;
  PlanFlags plan;
  std::vector<std::string> what_if;
  std::uint64_t seed = 1;
  std::string page;
};

int simulate_job(const SimulateFlags& flags) {
  const auto setup = flags.plan.setup();
  if (!setup) return report(setup.error());
  const auto job = flags.file.load(Secrets::unread);
  if (!job) return report(job.error());
  const auto planned = inspect::plan_job(job->questions.front(), *setup);
  if (!planned) return report(planned.error());
  std::vector<words::Simulated> all;
  all.push_back({"as it is", planned->job, {}});
  for (const std::string& text : flags.what_if) {
    auto other = plan::changed(planned->job, text);
    if (!other) return report({core::ErrorCode::usage, "--what-if: " + other.error(), {}});
    all.push_back({text, std::move(*other), {}});
  }
  for (words::Simulated& one : all)
    one.done = inspect::simulate_job(one.job, flags.seed, plan::kMostSimulated);
  if (!flags.page.empty()) {
    const auto written =
        inspect::write_page(words::simulation_page(job->name, kVersion, all), flags.page);
    if (!written) return report(written.error());
  }
  fmt::print("{}", flags.plan.json ? words::simulation_json(job->name, all) + "\n"
                                   : words::simulation_text(job->name, all));
  return 0;
}

}  // namespace

void add_simulate_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<SimulateFlags>();
  CLI::App* command = app.add_subcommand("simulate", "The job on virtual time; send nothing");
  flags->file.add_options(*command);
  flags->plan.add_options(*command);
  command
      ->add_option(
          "--what-if", flags->what_if,
          "Simulate it again with something otherwise, and show both; may stand several times")
      ->type_name("CHANGES");
  command->add_option("--page", flags->page, "A page with charts of it, as one file")
      ->type_name("FILE");
  command->add_option("--seed", flags->seed, "Of what is drawn: the same, the same result")
      ->type_name("N")
      ->check(shell::whole_number(0));
  command->add_flag("--json", flags->plan.json, "For programs, with what it was like now and then");
  command->footer(shell::help_footer(
      "The real scheduler against models of the endpoints, by their quotas and by what earlier "
      "runs have "
      "measured. CHANGES: rpm=x2, eu.down=10m..40m, eu.copies=3, price=x0.8, latency=x2, "
      "deadline=2h; "
      "several with commas.",
      {{"sluice simulate tickets.lua", ""},
       {"sluice simulate tickets.lua --what-if rpm=x2 --what-if 'eu.down=10m..40m'", ""}}));
  command->callback([flags, &exit_status] { exit_status = simulate_job(*flags); });
}

}  // namespace sluice::cli
