// sluice report: how the job went, as a page that opens without a network; the job may be running
// meanwhile.
#include <fmt/format.h>

#include <memory>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "cli/version.h"
#include "inspect/page_file.h"
#include "inspect/report.h"
#include "shell/help_text.h"
#include "stages/cascade.h"
#include "store/job_lock.h"
#include "words/cost_notes.h"
#include "words/reject_notes.h"

namespace sluice::cli {
namespace {

struct ReportFlags {
  JobFile file;
  std::string to;
  bool no_examples = false;
};

inspect::ReportQuestion question_of(const stages::JobSpec& job, std::size_t k,
                                    store::Account account, std::vector<std::string>& notes) {
  const stages::PipelineSpec& spec = job.questions[k];
  inspect::ReportQuestion question;
  question.title = title_of(job, k);
  question.begun = begun(job, k);
  question.account = std::move(account);
  if (!question.begun) return question;
  question.running = store::JobLock::taken(spec.checkpoint.directory);
  // What a level has no answer for is the next one's to say.
  if (!stages::has_next_level(spec) || !begun(job, k + 1))
    question.reasons = words::reasons_of(spec);
  question.cost_notes = words::cost_notes(question.account, {spec});
  auto timeline = inspect::read_timeline(spec.checkpoint.directory);
  if (timeline)
    question.timeline = std::move(*timeline);
  else
    notes.push_back("Charts are left out: " + timeline.error().text());
  auto plan = inspect::read_plan(spec.checkpoint.directory);
  if (plan)
    question.plan = std::move(*plan);
  else
    notes.push_back("The plan is left out: " + plan.error().text());
  return question;
}

core::Result<inspect::Page> page_of(const stages::JobSpec& job, bool examples) {
  if (!begun(job, 0))  // in the words of the checkpoint
    return std::unexpected(checkpoint::read_account(job.questions[0].checkpoint.directory).error());
  auto accounts = accounts_of(job);
  if (!accounts) return std::unexpected(accounts.error());
  inspect::ReportInput input{.job = job,
                             .questions = {},
                             .total = store::joined(*accounts),
                             .notes = {},
                             .version = kVersion,
                             .now = core::SystemClock().wall_now(),
                             .examples = examples};
  for (std::size_t k = 0; k < accounts->size(); ++k)
    input.questions.push_back(question_of(job, k, std::move((*accounts)[k]), input.notes));
  return inspect::report_page(input);
}

int report_job(const ReportFlags& flags) {
  const auto job = load_to_look(flags.file, Secrets::unread);
  if (!job) return report(job.error());
  const auto page = page_of(*job, !flags.no_examples);
  if (!page) return report(page.error());
  const std::string to = flags.to.empty() ? job->name + ".report.html" : flags.to;
  if (const auto written = inspect::write_page(*page, to); !written) return report(written.error());
  fmt::print("{}: the report is in {}\n", job->name, to);
  return 0;
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* command =
      app.add_subcommand("report", "How the job went, as a page that opens without a network");
  flags->file.add_options(*command);
  command
      ->add_option("--to", flags->to,
                   "The page, instead of NAME.report.html in the working directory")
      ->type_name("FILE");
  command->add_flag("--no-examples", flags->no_examples,
                    "Leave out all texts of rows: examples of rejects, and what servers said");
  command->footer(shell::help_footer(
      "One HTML file: the plan beside what came of it, throughput and money over time, what bound "
      "the speed, endpoints, batches, rejects, runs. Also while the job runs. Asks nothing, and "
      "the page asks for nothing.",
      {{"sluice report tickets.lua", "writes tickets.report.html"},
       {"sluice report tickets.lua --to report.html --no-examples", ""}}));
  command->callback([flags, &exit_status] { exit_status = report_job(*flags); });
}

}  // namespace sluice::cli
