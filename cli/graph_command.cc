// sluice graph: the flow of the job, for Mermaid or Graphviz.
#include <fmt/format.h>

#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "inspect/graph.h"

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
  command->add_option("--format", flags->format, "mermaid (the default) or dot, for Graphviz")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Format>{{"mermaid", Format::mermaid}, {"dot", Format::dot}}));
  command->footer(
      "Mermaid goes into Markdown, between ```mermaid and ```. For a file:\n"
      "  sluice graph job.lua --format dot | dot -Tsvg > job.svg\n"
      "Nothing is sent or written, and no variable's value is read.");
  command->callback([flags, &exit_status] { exit_status = show_graph(*flags); });
}

}  // namespace sluice::cli
