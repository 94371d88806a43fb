#include "cli/dry_run.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/job_questions.h"
#include "core/json.h"
#include "core/printable.h"
#include "inspect/dry_run.h"
#include "job/job_files.h"
#include "observe/figures.h"
#include "place/places.h"
#include "shell/standard_streams.h"
#include "stages/cascade.h"
#include "storage/atomic_file.h"

namespace sluice::cli {
namespace {

using observe::count;

std::string line_of(const inspect::PlannedRequest& request) {
  std::string line;
  core::JsonWriter w(line);
  w.open('{');
  w.field("request", request.number);
  w.field("endpoint", request.endpoint);
  w.key("rows");
  w.open('[');
  for (const std::string& row : request.rows) w.raw(inspect::json_name(row));
  w.close(']');
  inspect::write_request(w, request.text);
  w.close('}');
  return line + '\n';
}

std::string figure(double tokens) {
  return count(static_cast<std::uint64_t>(std::llround(tokens)));
}

std::string summary(const stages::JobSpec& job, const inspect::DryRun& plan,
                    const DryRunFlags& flags) {
  std::string text =
      fmt::format("{}: dry run: nothing is sent, and nothing of the job is written\n", job.name);
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<10}{}\n", name, value);
  };
  line("rows",
       fmt::format("{} read, {} to be asked{}", count(plan.rows_read), count(plan.rows_asked),
                   flags.limit ? " (of the first " + count(*flags.limit) + ")" : ""));
  if (plan.rows_done > 0) line("", fmt::format("{} ended in earlier runs", count(plan.rows_done)));
  if (plan.rows_shared > 0)
    line("",
         fmt::format("{} answered by the answer to an equal question", count(plan.rows_shared)));
  for (const auto& [reason, rejects] : plan.rejects)
    line("", fmt::format("{} rejected unasked: {}: {}", count(rejects.rows), reason,
                         core::printable(rejects.example)));
  line("requests", count(plan.requests));
  line("tokens", fmt::format("about {} in, at 4 bytes a token, and {} out, at 128 an answer",
                             figure(plan.input_tokens), figure(plan.output_tokens)));
  if (plan.priced) {
    line("cost", fmt::format("about {}, at most {}", plan.expected.text(), plan.at_most.text()));
  } else {
    line("cost", "not known: an endpoint has no price");
  }
  if (!flags.to.empty()) line("written", flags.to);
  if (job.questions.size() > 1) {
    const bool cascade = stages::has_next_level(job.questions.front());
    text += fmt::format("  of {}: {}\n", title_of(job, 0),
                        cascade ? "the next asks the rows that are escalated by its answers"
                                : "the next ask about its answers");
  }
  return text;
}

}  // namespace

void add_dry_run_options(CLI::App& command, DryRunFlags& flags) {
  command.add_flag("--dry-run", flags.only,
                   "Write the requests as JSON lines instead of sending them");
  command.add_option("--to", flags.to, "With --dry-run: to this file, not to standard output")
      ->type_name("FILE");
}

int dry_run(const JobFile& file, const DryRunFlags& flags) {
  if (!flags.only) return report({core::ErrorCode::usage, "--to goes with --dry-run", {}});
  const auto job = file.load(Secrets::there);
  if (!job) return report(job.error());
  if (auto apart = job::keep_apart(*job); !apart) return report(apart.error());
  if (const auto same = file.alike(*job); !same) return report(same.error());
  if (const Change change = change_of(*job, 0); !change.text.empty())
    shell::say(fmt::format("note: {}\n", change.text));
  std::unique_ptr<storage::AtomicFile> to;
  if (!flags.to.empty()) {
    if (auto apart = job::keep_export_apart(*job, flags.to); !apart) return report(apart.error());
    const auto& places = job->questions.back().sink.places;
    auto made = places ? places->create(flags.to) : storage::AtomicFile::create(flags.to);
    if (!made) return report(made.error());
    to = std::move(*made);
  }
  const auto plan = inspect::dry_run(
      job->questions.front(), {.limit = flags.limit}, [&](const inspect::PlannedRequest& request) {
        const std::string line = line_of(request);
        if (to) return to->write(line);
        (void)std::fwrite(line.data(), 1, line.size(), stdout);  // close_output() tells of failures
        return core::Status();
      });
  if (!plan) return report(plan.error());
  if (to) {
    if (auto done = to->finish(); !done) return report(done.error());
  }
  shell::say(summary(*job, *plan, flags));
  return plan->rejects.empty() ? 0 : 1;
}

}  // namespace sluice::cli
