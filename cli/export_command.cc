// sluice export: the job's answers once more, as another file.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/shared_run.h"
#include "inspect/export.h"
#include "observe/figures.h"
#include "shell/help_text.h"

namespace sluice::cli {
namespace {

struct ExportFlags {
  JobFile file;
  std::string to;
  std::vector<std::string> columns;
};

int export_job(const ExportFlags& flags) {
  const auto job = load_to_look(flags.file, Secrets::there);
  if (!job) return report(job.error());
  inspect::ExportOptions options{.to = flags.to, .columns = flags.columns};
  if (options.columns == std::vector<std::string>{"all"}) {
    options.all = true;
    options.columns.clear();
  }
  const auto done = inspect::export_answers(*job, options);
  if (!done) return report(done.error());
  fmt::print("{}: {} answer{} written to {}\n", job->name, observe::count(done->rows),
             done->rows == 1 ? "" : "s", flags.to);
  if (done->missing == 0) return 0;
  fmt::print(
      stderr,
      "sluice: {} answer{} missing in it: the rows are no longer in the input as they were, and "
      "these columns need their fields. Without --columns every answer is written\n",
      observe::count(done->missing), done->missing == 1 ? " is" : "s are");
  return 1;
}

}  // namespace

void add_export_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      app.add_subcommand("export", "Write the job's answers once more, without asking anything");
  flags->file.add_options(*command);
  command
      ->add_option(
          "--to", flags->to,
          "A file, its format by its ending (.jsonl, .json, .csv, .tsv, .parquet); all but "
          "the last also with .gz or .zst after it; or an object at s3:// or gs://, reached "
          "as s.sink says")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--columns", flags->columns,
                   "all: every field of the row, then the answer's; or names, with commas between")
      ->type_name("all|NAMES")
      ->delimiter(',');
  command->footer(shell::help_footer(
      "Without --columns: those of the sink. The file is there whole or not at all. Exit status "
      "1: answers are missing in it, because their rows are no longer in the input.",
      {{"sluice export tickets.lua --to tickets.csv --columns all", ""},
       {"sluice export tickets.lua --to queues.jsonl.zst --columns id,queue", ""},
       {"sluice export tickets.lua --to s3://my-bucket/out/tickets.csv.gz", ""}}));
  command->callback([flags, &exit_status] { exit_status = export_job(*flags); });
}

}  // namespace sluice::cli
