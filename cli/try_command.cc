// sluice try: asks a few rows for real, and shows what goes out, what comes back and what becomes
// of it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/try_text.h"
#include "core/printable.h"
#include "inspect/try_rows.h"
#include "job/job_files.h"
#include "shell/help_text.h"
#include "shell/number_range.h"
#include "shell/standard_streams.h"
#include "stages/cascade.h"
#include "storage/memory_file.h"

namespace sluice::cli {
namespace {

struct TryFlags {
  JobFile file;
  std::uint64_t rows = 3;
  std::string key;  // empty: the first rows
  bool json = false;
};

// By earlier runs of the job, what may have been billed included.
core::Result<core::Money> spent_by(const stages::JobSpec& job) {
  core::Money spent;
  for (const stages::PipelineSpec& spec : job.questions) {
    std::error_code error;
    if (!std::filesystem::exists(spec.checkpoint.directory + "/checkpoint.db", error)) continue;
    const auto account = checkpoint::read_account(spec.checkpoint.directory);
    if (!account) return std::unexpected(account.error());
    const store::EndpointLedger total = account->total();
    spent += total.cost + total.maybe_billed_cost;
  }
  return spent;
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::clamp<std::size_t>(size.ws_col, 40, 120);
}

// One line on the spot for what may take long to show otherwise.
void say_failure(const inspect::Exchange& exchange) {
  if (exchange.outcome.action != provider::Action::none)
    shell::say(core::printable(fmt::format("request {} to {} failed: {}", exchange.number,
                                           exchange.endpoint, exchange.outcome.text())) +
               '\n');
}

core::Result<std::vector<inspect::Trial>> try_questions(const stages::JobSpec& job,
                                                        const TryFlags& flags) {
  std::vector<inspect::Trial> trials;
  auto spent = spent_by(job);
  if (!spent) return std::unexpected(spent.error());
  std::optional<storage::MemoryFile> answers;  // of the question before
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    stages::PipelineSpec spec = job.questions[k];
    if (k > 0) {
      if (trials.back().lines.empty()) break;
      std::string lines;
      for (const std::string& line : trials.back().lines) lines.append(line).append("\n");
      auto written = storage::MemoryFile::make(lines);
      if (!written) return std::unexpected(written.error());
      answers = std::move(*written);
      spec.read.paths = {answers->path()};
    }
    auto trial = inspect::try_rows(spec, {.rows = flags.rows,
                                          .key = k == 0 ? flags.key : "",
                                          .spent = *spent,
                                          .ended = say_failure});
    if (!trial) return std::unexpected(trial.error());
    for (const core::Money& cost : trial->costs) *spent += cost;
    const bool stopped = trial->result.end == job::RunEnd::stopped;
    trials.push_back(std::move(*trial));
    if (stopped) break;
  }
  return trials;
}

int exit_status_of(const stages::JobSpec& job, const std::vector<inspect::Trial>& trials) {
  for (const inspect::Trial& trial : trials) {
    if (trial.result.error) return report(*trial.result.error);
    if (trial.result.end == job::RunEnd::stopped) {
      shell::say(fmt::format("stopped: {}\n", trial.result.why));
      return 4;
    }
  }
  for (std::size_t k = 0; k < trials.size(); ++k) {
    // What a level has no answer for, the next one was asked.
    if (k + 1 < trials.size() && stages::has_next_level(job.questions[k])) continue;
    if (std::ranges::any_of(trials[k].rows, [](const inspect::TriedRow& row) {
          return row.end == inspect::TriedRow::End::rejected;
        }))
      return 1;
  }
  return 0;
}

int try_job(const TryFlags& flags) {
  const auto job = flags.file.load(Secrets::required);
  if (!job) return report(job.error());
  if (auto apart = job::keep_apart(*job); !apart) return report(apart.error());
  if (const auto same = flags.file.alike(*job); !same) return report(same.error());
  if (!flags.key.empty() && job->questions.front().read.key.empty())
    return report({core::ErrorCode::usage,
                   "rows of this job have no key (key = … in s.read), so --key finds none",
                   flags.file.path});
  const auto trials = try_questions(*job, flags);
  if (!trials) return report(trials.error());
  if (!flags.key.empty() && trials->front().rows.empty() && !trials->front().result.error)
    return report({core::ErrorCode::usage,
                   fmt::format("no row of the input has the key '{}'", flags.key),
                   flags.file.path});
  fmt::print("{}",
             flags.json ? try_json(*job, *trials) : try_text(*job, *trials, terminal_width()));
  return exit_status_of(*job, *trials);
}

}  // namespace

void add_try_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<TryFlags>();
  CLI::App* command = app.add_subcommand(
      "try", "Ask a few rows for real, and show each request, reply, answer and cost");
  flags->file.add_options(*command);
  command->add_option("--rows", flags->rows, "Read at most so many rows (default 3)")
      ->type_name("N")
      ->check(shell::whole_number(1, 1000));
  command->add_option("--key", flags->key, "Instead of the first rows the one with this key")
      ->type_name("KEY");
  command->add_flag("--json", flags->json, "For programs: everything as it was sent and came");
  command->footer(shell::help_footer(
      "Does what a run does, and keeps nothing: no checkpoint, no output. It is paid for, and "
      "stands in no ledger; the file's budget holds. Keys are masked.",
      {{"sluice try tickets.lua", "the first three rows"},
       {"sluice try tickets.lua --key T-17", "one that was rejected, say"},
       {"sluice try tickets.lua --rows 1 --json | jq .", ""}}));
  command->callback([flags, &exit_status] { exit_status = try_job(*flags); });
}

}  // namespace sluice::cli
