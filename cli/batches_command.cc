// sluice batches: the batches of a job, from its checkpoint; and the wish that some be cancelled.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/printable.h"
#include "inspect/batch_state.h"
#include "observe/figures.h"
#include "parked/batch_files.h"
#include "shell/help_text.h"

namespace sluice::cli {
namespace {

using observe::count;
using store::BatchRecord;

struct BatchesFlags {
  JobFile file;
  bool json = false;
  bool cancel = false;
  std::vector<std::string> which;
};

std::string age_of(const BatchRecord& batch) {
  return observe::duration(inspect::batch_age(batch, core::SystemClock().wall_now()));
}

std::string as_text(const std::vector<store::Account>& accounts) {
  std::string text;
  for (const store::Account& account : accounts) {
    for (const BatchRecord& batch : account.batches) {
      if (text.empty())
        text = fmt::format("{:<34} {:<22} {:>9} {:>9} {:>9} {:>10} {:>12}\n", "batch", "state",
                           "requests", "done", "failed", "time", "cost");
      const bool open = batch.open();
      text += fmt::format("{:<34} {:<22} {:>9} {:>9} {:>9} {:>10} {:>12}\n",
                          core::printable(batch.id.empty() ? batch.nonce : batch.id),
                          core::printable(inspect::batch_state(batch)), count(batch.lines),
                          count(batch.done), count(batch.failed), age_of(batch),
                          open ? "<= " + batch.worst_cost.text() : batch.cost.text());
      text += fmt::format("    at {}\n", core::printable(account.endpoints[batch.endpoint].name));
      if (!batch.note.empty()) text += fmt::format("    {}\n", core::printable(batch.note));
    }
  }
  return text.empty() ? "the job has had no batches\n" : text;
}

std::string as_json(const std::vector<store::Account>& accounts) {
  std::string out;
  core::JsonWriter w(out);
  w.open('[');
  for (const store::Account& account : accounts) {
    for (const BatchRecord& batch : account.batches) {
      w.open('{');
      w.field("nonce", batch.nonce);
      w.field("id", batch.id);
      w.field("endpoint", account.endpoints[batch.endpoint].name);
      w.field("phase", store::phase_name(batch.phase));
      w.field("state", batch.word);
      w.field("cancelled", batch.cancelled);
      w.field("requests", batch.lines);
      w.field("rows", batch.rows);
      w.field("done", batch.done);
      w.field("failed", batch.failed);
      w.field("intended_at", batch.intended_at);
      w.field("created_at", batch.created_at);
      w.field("ended_at", batch.ended_at);
      w.field("reserved_usd", batch.open() ? batch.worst_cost.dollars() : 0.0);
      w.field("cost_usd", batch.cost.dollars());
      if (!batch.note.empty()) w.field("note", batch.note);
      w.close('}');
    }
  }
  w.close(']');
  return out + "\n";
}

int batches(const BatchesFlags& flags) {
  const auto job =
      flags.cancel ? flags.file.load(Secrets::unread) : load_to_look(flags.file, Secrets::unread);
  if (!job) return report(job.error());
  if (flags.cancel) {
    if (is_shared(*job)) {
      if (auto asked = cancel_shared(flags.file, flags.which); !asked) return report(asked.error());
    } else {
      for (const stages::PipelineSpec& question : job->questions)
        if (auto asked = parked::ask_to_cancel(question.checkpoint.directory, flags.which); !asked)
          return report(asked.error());
    }
    fmt::print(
        "the run that has the job cancels them within some seconds, or else the next one; "
        "what is finished of them is kept\n");
    return 0;
  }
  const auto accounts = accounts_of(*job);
  if (!accounts) return report(accounts.error());
  fmt::print("{}", flags.json ? as_json(*accounts) : as_text(*accounts));
  return 0;
}

}  // namespace

void add_batches_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<BatchesFlags>();
  CLI::App* command = app.add_subcommand("batches", "List the batches of a job, or cancel some");
  flags->file.add_options(*command);
  CLI::Option* json = command->add_flag("--json", flags->json, "A list of objects, for programs");
  command
      ->add_option("--cancel", flags->which,
                   "Cancel these, by their names in the list; all, where none is named")
      ->expected(0, -1)
      ->excludes(json)
      ->each([flags](const std::string&) { flags->cancel = true; });
  command->footer(
      shell::help_footer("", {{"sluice batches tickets.lua", "each batch, and how far it is"},
                              {"sluice batches tickets.lua --cancel", "all that are out"}}));
  command->callback([flags, command, &exit_status] {
    flags->cancel = flags->cancel || command->count("--cancel") > 0;
    std::erase(flags->which, "");  // what the option holds where none is named
    exit_status = batches(*flags);
  });
}

}  // namespace sluice::cli
