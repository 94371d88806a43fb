// sluice redo: takes rejects back, so that the next run asks their rows again.
#include <fmt/format.h>

#include <memory>

#include "checkpoint/redo.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "inspect/reject_line.h"
#include "observe/figures.h"
#include "shell/help_text.h"
#include "stages/cascade.h"
#include "stages/question.h"

namespace sluice::cli {
namespace {

// Prints what it did; returns the exit status.
int redo_question(const stages::PipelineSpec& spec, const JobFile& file,
                  const std::string& reason) {
  const auto rows = checkpoint::take_back(
      spec.checkpoint.directory, spec.name, stages::fingerprint(spec, stages::make_question(spec)),
      [&](std::string_view line) {
        return reason.empty() || inspect::read_reject(line).reason == reason;
      });
  if (!rows) return report(rows.error());
  const std::string of_reason = reason.empty() ? "" : fmt::format(" for the reason '{}'", reason);
  if (*rows == 0) {
    fmt::print("{}: no rejects{} to take back; `sluice rejects` shows what there are\n", spec.name,
               of_reason);
  } else {
    fmt::print("{}: {} reject{}{} taken back: `sluice run {}` asks {} again\n", spec.name,
               observe::count(*rows), *rows == 1 ? "" : "s", of_reason, file.path,
               *rows == 1 ? "it" : "them");
  }
  return 0;
}

int redo_job(const JobFile& file, const std::string& reason) {
  const auto job = load_to_look(file, Secrets::unread);
  if (!job) return report(job.error());
  const auto lock = lock_to_change(*job);
  if (!lock) return report(lock.error());
  for (std::size_t k = 0; k < job->questions.size(); ++k) {
    if (k > 0 && !begun(*job, k)) continue;
    // A row that a level has no answer for was asked at the next one: that one's rejects are the rows
    // that none has answered.
    if (stages::has_next_level(job->questions[k]) && begun(*job, k + 1)) continue;
    fmt::print("{}", heading_of(*job, k));
    if (const int status = redo_question(job->questions[k], file, reason); status != 0)
      return status;
  }
  return 0;
}

}  // namespace

void add_redo_command(CLI::App& app, int& exit_status) {
  struct Options {
    JobFile file;
    std::string reason;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("redo", "Take rejects back, so that the next run asks them again");
  options->file.add_options(*command);
  command->add_option("--reason", options->reason, "Only those with this reason")
      ->type_name("REASON");
  command->footer(shell::help_footer(
      "Nothing is sent. In all questions of the job. The rejects file keeps their lines until the "
      "next run writes it again.",
      {{"sluice redo tickets.lua", "then: sluice run tickets.lua"},
       {"sluice redo tickets.lua --reason exhausted", ""}}));
  command->callback(
      [options, &exit_status] { exit_status = redo_job(options->file, options->reason); });
}

}  // namespace sluice::cli
