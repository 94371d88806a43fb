// sluice probe: one request to each endpoint of a job: whether it is there, takes the key, has the
// model, takes the schema, and what it says of its limits.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/probe_engine.h"
#include "cli/probe_text.h"
#include "inspect/probe.h"
#include "shell/help_text.h"
#include "shell/number_range.h"

namespace sluice::cli {
namespace {

struct ProbeFlags {
  JobFile file;
  EngineFlags engine;
  bool json = false;
};

core::Result<ProbePlan> plan_of(const stages::JobSpec& job) {
  ProbePlan plan{.places = inspect::probe_places(job),
                 .row = inspect::probe_row(job.questions.front()),
                 .most = {},
                 .spent = {}};
  for (const inspect::ProbePlace& place : plan.places)
    plan.most.push_back(inspect::probe_cost(job, place, plan.row));
  std::error_code none;
  if (!std::filesystem::exists(job.directory + "/checkpoint.db", none) && job.questions.size() == 1)
    return plan;  // it has not run
  const auto accounts = accounts_of(job);
  if (!accounts) return std::unexpected(accounts.error());
  for (const store::Account& account : *accounts) {
    const store::EndpointLedger total = account.total();
    plan.spent += total.cost + total.maybe_billed_cost;
  }
  return plan;
}

int probe_job(const ProbeFlags& flags) {
  const auto job = flags.file.load(Secrets::required);
  if (!job) return report(job.error());
  const auto plan = plan_of(*job);
  if (!plan) return report(plan.error());
  // Said as it comes: an endpoint that is not there takes its time.
  const auto show = [&](const std::string& text) {
    if (flags.json) return;
    fmt::print("{}", text);
    std::fflush(stdout);
  };
  show(probe_head(*job, *plan));
  std::vector<inspect::Probe> probes;
  core::Money spent = plan->spent;
  for (const inspect::ProbePlace& place : plan->places) {
    probes.push_back(inspect::probe(*job, place, plan->row, spent));
    spent += probes.back().cost;
    show(probe_text(*job, *plan, probes.size() - 1, probes.back()));
  }
  show(probe_foot(probes));
  if (flags.json) fmt::print("{}", probe_json(*job, *plan, probes));
  return std::ranges::all_of(probes, &inspect::Probe::ok) ? 0 : 1;
}

int probe_asked(ProbeFlags& flags) {
  flags.engine.json = flags.json;
  const bool fits = !flags.engine.fit.empty();
  const auto refuse = [](const char* why) { return report({core::ErrorCode::usage, why, ""}); };
  const bool known = !flags.engine.engine.empty();
  if ((fits || known) && !flags.file.path.empty())
    return refuse(fits ? "--fit takes no FILE: nothing is sent"
                       : "--engine takes no FILE: nothing is sent");
  if (fits) return fit_points(flags.engine);
  if (known) return show_engine(flags.engine);
  if (flags.file.path.empty())
    return refuse("FILE is required: the pipeline file whose endpoints are asked; or --fit POINTS");
  if (!flags.engine.sweep && !flags.engine.predict.empty())
    return refuse("--predict needs --fit, --sweep or --engine: what it predicts from");
  if (!flags.engine.sweep && !flags.engine.per_hour.empty())
    return refuse("--per-hour needs --fit, --sweep or --engine: how fast the server is");
  if (!flags.engine.sweep) return probe_job(flags);
  const auto job = flags.file.load(Secrets::required);
  return job ? sweep_job(flags.engine, *job) : report(job.error());
}

}  // namespace

void add_probe_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<ProbeFlags>();
  CLI::App* command = app.add_subcommand(
      "probe", "Ask each endpoint once: key, model, schema, limits, and advice where it fails");
  flags->file.add_options(*command);
  command->get_option("FILE")->required(false);
  const std::string own = "Servers of one's own";
  CLI::Option* fit =
      command
          ->add_option("--fit", flags->engine.fit,
                       "The numbers of a server from measured points: input_tokens, output_tokens, "
                       "concurrency, ttft_ms, tpot_ms. Takes no FILE and sends nothing")
          ->type_name("FILE")
          ->group(own);
  command
      ->add_option("--slots", flags->engine.slots,
                   "With --fit: as many requests run at once, as the server says; a sweep asks "
                   "llama.cpp itself")
      ->type_name("N")
      ->check(shell::whole_number(1, 100'000))
      ->needs(fit)
      ->group(own);
  CLI::Option* engine =
      command
          ->add_option("--engine", flags->engine.engine,
                       "A known engine (h100-llama8b) or its numbers (a=6.4,b=0.06,…), in place of "
                       "points")
          ->type_name("ENGINE")
          ->excludes(fit)
          ->group(own);
  CLI::Option* sweep =
      command
          ->add_flag("--sweep", flags->engine.sweep,
                     "Measures such points at the job's server (s.vllm, s.sglang, s.llama_cpp, "
                     "s.ollama) with prompts of random words, and makes its numbers of them; says "
                     "beforehand how many requests")
          ->excludes(fit)
          ->excludes(engine)
          ->group(own);
  command->add_option("--points", flags->engine.points, "Writes a sweep's points, for --fit")
      ->type_name("FILE")
      ->needs(sweep)
      ->group(own);
  command
      ->add_option("--most-concurrency", flags->engine.most_concurrency,
                   "Of a sweep: so many requests at once at most")
      ->check(shell::whole_number(2, 4096))
      ->capture_default_str()
      ->needs(sweep)
      ->group(own);
  command
      ->add_option(
          "--check", flags->engine.checks,
          "Of a sweep: concurrencies, as in 3,6,12, that it measures as well and holds what "
          "its numbers predict against")
      ->type_name("N,…")
      ->delimiter(',')
      ->check(shell::whole_number(1, 4096))
      ->needs(sweep)
      ->group(own);
  command
      ->add_option("--endpoint", flags->engine.endpoint,
                   "Of a sweep: which server, where there are several")
      ->type_name("NAME")
      ->needs(sweep)
      ->group(own);
  command
      ->add_option(
          "--predict", flags->engine.predict,
          "What the numbers predict for each line of this file: input_tokens, output_tokens, "
          "concurrency")
      ->type_name("FILE")
      ->group(own);
  CLI::Option* per_hour =
      command
          ->add_option("--per-hour", flags->engine.per_hour,
                       "Dollars that the server costs an hour: shows what tokens cost")
          ->type_name("DOLLARS")
          ->group(own);
  command
      ->add_option("--utilisation", flags->engine.utilisation,
                   "The share of its hours in which it works, 0 to 1")
      ->check(shell::number(0.0001, 1))
      ->capture_default_str()
      ->needs(per_hour)
      ->group(own);
  command
      ->add_option("--against", flags->engine.against,
                   "From which utilisation on it is cheaper than this model's list price")
      ->type_name("MODEL")
      ->needs(per_hour)
      ->group(own);
  command->add_flag("--json", flags->json, "For programs: one object with all endpoints");
  command->footer(shell::help_footer(
      "One request an endpoint, about the input's first row, is paid for; it says beforehand what "
      "that costs at most, and the file's budget holds. Nothing is kept, nothing tried again.",
      {{"sluice probe tickets.lua", "before the first run, or after one that stopped"},
       {"sluice probe tickets.lua --json | jq '.endpoints[] | select(.ok | not)'", ""},
       {"sluice probe tickets.lua --sweep --points points.csv", ""},
       {"sluice probe --fit points.csv --predict wanted.csv", ""}}));
  command->callback([flags, &exit_status] { exit_status = probe_asked(*flags); });
}

}  // namespace sluice::cli
