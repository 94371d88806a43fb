// sluice check: load and check pipeline files; send nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/questions.h"
#include "stages/job_files.h"

namespace sluice::cli {
namespace {

int check(const std::vector<std::string>& paths, const std::vector<std::string>& settings) {
  int exit_status = 0;
  for (const std::string& path : paths) {
    const auto job = JobFile{path, settings}.load(Secrets::optional);
    if (!job) {
      exit_status = std::max(exit_status, report(job.error()));
      continue;
    }
    if (const auto apart = stages::keep_apart(*job); !apart) {
      exit_status = std::max(exit_status, report(apart.error()));
      continue;
    }
    for (std::size_t k = 0; k < job->questions.size(); ++k) {
      const stages::PipelineSpec& spec = job->questions[k];
      const std::string title = title_of(*job, k);
      std::vector<std::string> endpoints;
      for (const auto& endpoint : spec.dispatch.endpoints) endpoints.push_back(endpoint.name);
      fmt::print("{}: ok: job '{}', {}{}{} row{} a request, to {}\n", path, spec.name, title,
                 title.empty() ? "" : ", ", spec.pack.rows, spec.pack.rows == 1 ? "" : "s",
                 fmt::join(endpoints, ", "));
    }
  }
  return exit_status;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_status) {
  struct Options {
    std::vector<std::string> paths;
    std::vector<std::string> settings;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("check", "Load and check pipeline files; send nothing");
  command->add_option("files", options->paths, "The pipeline files")->required();
  command->add_option("--set", options->settings,
                      "A parameter of the pipeline file (s.param), as name=value");
  command->callback(
      [options, &exit_status] { exit_status = check(options->paths, options->settings); });
}

}  // namespace sluice::cli
