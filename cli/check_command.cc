// sluice check: load and check pipeline files; send nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/commands.h"
#include "cli/help_text.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/listing.h"
#include "core/printable.h"
#include "job/job_files.h"

namespace sluice::cli {
namespace {

// Of `sample`, one line or none.
std::string rendered(const inspect::Alike& sample) {
  if (sample.rows > 0)
    return fmt::format("  {:<11}the first {} row{} of {}, twice and alike\n", "rendered",
                       sample.rows, sample.rows == 1 ? "" : "s", core::printable(sample.path));
  if (sample.why_none.empty()) return {};
  return fmt::format("  {:<11}no rows: {}\n", "rendered", sample.why_none);
}

int check(const std::vector<JobFile>& files) {
  int exit_status = 0;
  for (const JobFile& file : files) {
    const auto job = file.load(Secrets::unread);
    const auto sample =
        job ? file.alike(*job) : core::Result<inspect::Alike>(std::unexpected(job.error()));
    if (!sample) {
      exit_status = std::max(exit_status, report(sample.error()));
      continue;
    }
    if (const auto apart = job::keep_apart(*job); !apart) {
      exit_status = std::max(exit_status, report(apart.error()));
      continue;
    }
    for (std::size_t k = 0; k < job->questions.size(); ++k) {
      const stages::PipelineSpec& spec = job->questions[k];
      const std::string title = title_of(*job, k);
      std::vector<std::string> endpoints;
      for (const auto& endpoint : spec.dispatch.endpoints) endpoints.push_back(endpoint.name);
      fmt::print("{}: ok: job '{}', {}{}{} row{} a request, to {}\n", file.path, spec.name, title,
                 title.empty() ? "" : ", ", spec.pack.rows, spec.pack.rows == 1 ? "" : "s",
                 core::printable(fmt::format("{}", fmt::join(endpoints, ", "))));
      if (const Change change = change_of(*job, k); !change.text.empty())
        fmt::print("  {:<11}{}\n", "note", change.text);
    }
    fmt::print("{}{}", listing(*job), rendered(*sample));
  }
  return exit_status;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_status) {
  struct Options {
    std::vector<std::string> paths;
    JobFile each;  // but for its path
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("check", "Load and check pipeline files; send nothing");
  command->add_option("FILE", options->paths, "The pipeline files")->type_name("FILE")->required();
  options->each.add_common_options(*command);
  command->footer(help_footer(
      "Shows what each would read, write and reach. Safe on a stranger's file: no variable's value "
      "is read, and its functions work on the first rows of the input only.",
      {{"sluice check tickets.lua", ""}, {"sluice check pipelines/*.lua", "several at once"}}));
  command->callback([options, &exit_status] {
    std::vector<JobFile> files;
    for (const std::string& path : options->paths) {
      files.push_back(options->each);
      files.back().path = path;
    }
    exit_status = check(files);
  });
}

}  // namespace sluice::cli
