// sluice graph: the flow of the job, for Mermaid or Graphviz.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "inspect/graph.h"
#include "shell/help_text.h"

namespace sluice::cli {
namespace {

enum class Format : std::uint8_t { mermaid, dot };

struct GraphFlags {
  JobFile file;
  Format format = Format::mermaid;
};

int show_graph(const GraphFlags& flags) {
  const auto job = flags.file.load(Secrets::unread);
  if (!job) return report(job.error());
  const inspect::Graph graph = inspect::graph_of(*job);
  fmt::print("{}", flags.format == Format::dot ? inspect::dot(graph) : inspect::mermaid(graph));
  return 0;
}

}  // namespace

void add_graph_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<GraphFlags>();
  CLI::App* command = app.add_subcommand("graph", "The flow of the job as a picture");
  flags->file.add_options(*command);
  shell::restrict_to(command->add_option_function<std::string>(
                         "--format",
                         [flags](const std::string& name) {
                           flags->format = name == "dot" ? Format::dot : Format::mermaid;
                         },
                         "For Markdown, or for Graphviz (default mermaid)"),
                     {"mermaid", "dot"});
  command->footer(shell::help_footer(
      "Mermaid goes into Markdown, between ```mermaid and ```. Nothing is sent or written, and no "
      "variable's value is read.",
      {{"sluice graph tickets.lua", ""},
       {"sluice graph tickets.lua --format dot | dot -Tsvg > job.svg", ""}}));
  command->callback([flags, &exit_status] { exit_status = show_graph(*flags); });
}

}  // namespace sluice::cli
