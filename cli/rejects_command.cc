// sluice rejects: the rows that ended without an answer, from the checkpoint; the job may be
// running meanwhile.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "checkpoint/view.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "core/printable.h"
#include "inspect/line_identity.h"
#include "inspect/reject_line.h"
#include "observe/figures.h"
#include "shell/help_text.h"
#include "stages/cascade.h"

namespace sluice::cli {
namespace {

struct RejectsFlags {
  JobFile file;
  std::string reason;  // empty: all
  bool json = false;
};

// Where a group of rejects stands in the table: reason, stage.
using Group = std::pair<std::string, std::string>;
using Counts = std::map<Group, std::uint64_t>;

std::string counts_table(const Counts& counts) {
  std::vector<std::pair<Group, std::uint64_t>> groups(counts.begin(), counts.end());
  std::ranges::sort(groups, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::size_t width = 6;
  for (const auto& [group, count] : groups) width = std::max(width, group.first.size());
  std::string text = fmt::format("  {:<{}}  {:<8}  {:>12}\n", "reason", width, "stage", "rows");
  for (const auto& [group, count] : groups)
    text += fmt::format("  {:<{}}  {:<8}  {:>12}\n", group.first, width, group.second,
                        observe::count(count));
  return text;
}

std::string reject_text(const inspect::RejectLine& reject) {
  std::string text =
      fmt::format("\n  {}  {} in {}\n", core::printable(reject.name), reject.reason, reject.stage);
  if (!reject.detail.empty()) text += fmt::format("    {}\n", core::printable(reject.detail));
  for (const std::string& step : reject.history)
    text += fmt::format("    before: {}\n", core::printable(step));
  return text;
}

int show_question(const stages::PipelineSpec& spec, const RejectsFlags& flags) {
  auto view = checkpoint::View::open(spec.checkpoint.directory);
  if (!view) return report(view.error());

  const auto each =
      [&](const std::function<void(std::string_view, const inspect::RejectLine&)>& f) {
        return (*view)->each_reject([&](const checkpoint::View::Ended& ended) -> core::Status {
          const inspect::RejectLine reject = inspect::read_reject(ended.line);
          if (flags.reason.empty() || reject.reason == flags.reason) f(ended.line, reject);
          return {};
        });
      };
  if (flags.json) {
    const auto shown =
        each([](std::string_view line, const inspect::RejectLine&) { fmt::print("{}\n", line); });
    return shown ? 0 : report(shown.error());
  }
  Counts counts;
  std::uint64_t all = 0;
  const auto counted = each([&](std::string_view, const inspect::RejectLine& reject) {
    ++counts[{reject.reason, reject.stage}];
    ++all;
  });
  if (!counted) return report(counted.error());
  if (all == 0) {
    fmt::print("{}: no rejects{}\n", spec.name,
               flags.reason.empty() ? "" : fmt::format(" for the reason '{}'", flags.reason));
    return 0;
  }
  fmt::print("{}: {} row{} rejected\n{}", spec.name, observe::count(all), all == 1 ? "" : "s",
             counts_table(counts));
  const auto shown = each([](std::string_view, const inspect::RejectLine& reject) {
    fmt::print("{}", reject_text(reject));
  });
  return shown ? 0 : report(shown.error());
}

int show_rejects(const RejectsFlags& flags) {
  const auto job = load_to_look(flags.file, Secrets::unread);
  if (!job) return report(job.error());
  for (std::size_t k = 0; k < job->questions.size(); ++k) {
    if (k > 0 && !begun(*job, k)) continue;
    // What a level has no answer for is the next one's to say.
    if (stages::has_next_level(job->questions[k]) && begun(*job, k + 1)) continue;
    if (!flags.json) fmt::print("{}", heading_of(*job, k));
    if (const int status = show_question(job->questions[k], flags); status != 0) return status;
  }
  return 0;
}

}  // namespace

void add_rejects_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<RejectsFlags>();
  CLI::App* command =
      app.add_subcommand("rejects", "The rows that ended without an answer, and why");
  flags->file.add_options(*command);
  command->add_option("--reason", flags->reason, "Only those with this reason")
      ->type_name("REASON");
  command->add_flag("--json", flags->json, "For programs: the lines of the rejects file");
  command->footer(shell::help_footer("Also while the job runs.",
                                     {{"sluice rejects tickets.lua", "a table, then each row"},
                                      {"sluice rejects tickets.lua --reason invalid_row", ""}}));
  command->callback([flags, &exit_status] { exit_status = show_rejects(*flags); });
}

}  // namespace sluice::cli
