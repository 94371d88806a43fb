// sluice audit: proves that every row of the input ended exactly once.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "core/json.h"
#include "inspect/audit.h"
#include "job/job_files.h"
#include "observe/figures.h"
#include "shell/help_text.h"

namespace sluice::cli {
namespace {

using inspect::AuditReport;
using inspect::Finding;

constexpr Finding kAllFindings[] = {Finding::missing, Finding::duplicate, Finding::unexpected,
                                    Finding::truncated, Finding::mismatched};

const char* meaning_of(Finding finding) {
  switch (finding) {
    case Finding::missing:
      return "ended, but no file has its line";
    case Finding::duplicate:
      return "more often in the files than in the input";
    case Finding::unexpected:
      return "in a file, but not in the input";
    case Finding::truncated:
      return "no whole line";
    case Finding::mismatched:
      return "not the line that the checkpoint has";
  }
  return "";
}

std::string standing_text(const deliver::Stands& sink) {
  switch (sink.standing) {
    case deliver::Standing::whole:
      return observe::count(sink.rows) + " rows";
    case deliver::Standing::behind:
      return "has not yet what came last: the next run writes it";
    case deliver::Standing::never:
      return "not written yet: the next run writes it";
    case deliver::Standing::missing:
      return "is not there any more: the next run writes it again";
    case deliver::Standing::changed:
      return "was changed since this job wrote it: move it away, and the next run writes it again";
  }
  return "";
}

std::string audit_text(const stages::PipelineSpec& spec, const AuditReport& report) {
  using observe::count;
  std::string text =
      fmt::format("{}: {}\n", spec.name,
                  report.proven() ? "proven: every row ended once or is pending" : "NOT proven");
  text += fmt::format("  rows       {} in the input = {} answered + {} rejected + {} pending\n",
                      count(report.rows), count(report.answered), count(report.rejected),
                      count(report.pending));
  if (report.read != report.rows)
    text += fmt::format("             the last run had read {}\n", count(report.read));
  text += fmt::format("  output     {}: {} lines\n", spec.sink.path, count(report.output_lines));
  for (const deliver::Stands& sink : report.sinks)
    text += fmt::format("  sink       {}: {}\n", sink.to, standing_text(sink));
  text += fmt::format("  rejects    {}: {} lines\n", spec.sink.rejects, count(report.reject_lines));
  if (report.unwritten > 0)
    text += fmt::format(
        "  unwritten  {} committed and not yet in the files: the next run writes them\n",
        count(report.unwritten));
  if (report.unfinished > 0)
    text +=
        "  cut off    a last line was being written when the run ended: the next run writes it\n";
  if (report.taken_back > 0)
    text += fmt::format(
        "  redo       {} lines are of rows taken back or no longer in the input: the next run "
        "takes them out\n",
        count(report.taken_back));
  if (report.kept > 0)
    text += fmt::format("  kept       {} rows are no longer in the input (keep_missing)\n",
                        count(report.kept));
  for (const Finding finding : kAllFindings) {
    const AuditReport::Class& found = report.of(finding);
    if (found.count == 0) continue;
    text += fmt::format("  {:<10} {}: {}\n", finding_name(finding), count(found.count),
                        meaning_of(finding));
    for (const AuditReport::Row& row : found.rows)
      text += fmt::format("             {}{}{}\n", row.name, row.where.empty() ? "" : "  at ",
                          row.where);
    if (found.count > found.rows.size())
      text += fmt::format("             and {} more\n", count(found.count - found.rows.size()));
  }
  if (!report.proven())
    text +=
        "  The checkpoint has every answer: move both files away and run again, and they are\n"
        "  written anew without asking; rows that left the input are then still in them.\n";
  return text;
}

void write_report(core::JsonWriter& w, const AuditReport& report) {
  w.key("rows");
  w.open('{');
  w.field("input", report.rows);
  w.field("answered", report.answered);
  w.field("rejected", report.rejected);
  w.field("pending", report.pending);
  w.field("read", report.read);
  w.close('}');
  w.key("lines");
  w.open('{');
  w.field("output", report.output_lines);
  w.field("rejects", report.reject_lines);
  w.field("unwritten", report.unwritten);
  w.field("unfinished", report.unfinished);
  w.field("taken_back", report.taken_back);
  w.field("kept_missing", report.kept);
  w.close('}');
  w.key("sinks");
  w.open('[');
  for (const deliver::Stands& sink : report.sinks) {
    w.open('{');
    w.field("to", sink.to);
    w.field("standing", deliver::standing_name(sink.standing));
    w.field("rows", sink.rows);
    w.close('}');
  }
  w.close(']');
  w.key("findings");
  w.open('{');
  for (const Finding finding : kAllFindings) {
    const AuditReport::Class& found = report.of(finding);
    w.key(finding_name(finding));
    w.open('{');
    w.field("count", found.count);
    w.key("rows");
    w.open('[');
    for (const AuditReport::Row& row : found.rows) {
      w.open('{');
      w.field("row", row.name);
      w.field("where", row.where);
      w.close('}');
    }
    w.close(']');
    w.close('}');
  }
  w.close('}');
}

// The last question's, beside whether all are proven.
std::string audit_json(const stages::JobSpec& job, const std::vector<AuditReport>& reports) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job.name);
  w.field("proven", std::ranges::all_of(reports, &AuditReport::proven));
  write_report(w, reports.back());
  if (reports.size() > 1) {
    w.key("questions");
    w.open('[');
    for (const AuditReport& report : reports) {
      w.open('{');
      w.field("proven", report.proven());
      write_report(w, report);
      w.close('}');
    }
    w.close(']');
  }
  w.close('}');
  return out;
}

int audit_job(const JobFile& file, bool json) {
  const auto job = load_to_look(file, Secrets::there);
  if (!job) return report(job.error());
  if (auto apart = job::keep_apart(*job); !apart) return report(apart.error());
  const auto lock = lock_to_read(*job);
  if (!lock) return report(lock.error());
  std::vector<AuditReport> reports(job->questions.size());
  for (std::size_t k = 0; k < reports.size(); ++k) {
    const stages::PipelineSpec& spec = job->questions[k];
    if (k > 0 && !begun(*job, k)) {
      if (!json) fmt::print("{}{}: it has not begun\n", heading_of(*job, k), spec.name);
      continue;
    }
    auto audited = inspect::audit(spec);
    if (!audited) return report(audited.error());
    reports[k] = std::move(*audited);
    if (!json) fmt::print("{}{}", heading_of(*job, k), audit_text(spec, reports[k]));
  }
  if (json) fmt::print("{}\n", audit_json(*job, reports));
  return std::ranges::all_of(reports, &AuditReport::proven) ? 0 : 1;
}

}  // namespace

void add_audit_command(CLI::App& app, int& exit_status) {
  struct Options {
    JobFile file;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("audit", "Prove that every row of the input ended exactly once");
  options->file.add_options(*command);
  command->add_flag("--json", options->json, "For programs: one JSON object");
  command->footer(shell::help_footer(
      "Holds the input, the checkpoint, the output and the rejects file against one another; "
      "changes nothing. Exit status: 0 proven, 1 with findings, 3 when the pipeline file is not "
      "that of the last run, 5 when something cannot be read or the job is running.",
      {{"sluice audit tickets.lua", ""}}));
  command->callback(
      [options, &exit_status] { exit_status = audit_job(options->file, options->json); });
}

}  // namespace sluice::cli
