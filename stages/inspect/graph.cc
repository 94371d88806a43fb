#include "inspect/graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/printable.h"
#include "stages/cascade.h"

namespace sluice::inspect {
namespace {

using Shape = Graph::Shape;

// A label is for reading: more of a name than this tells no more.
constexpr std::size_t kLabelBytes = 60;

std::string shortened(std::string_view name) {
  std::string text = core::printable(name);
  if (text.size() <= kLabelBytes) return text;
  std::size_t end = kLabelBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string names_of(const std::vector<answer::Field>& fields) {
  std::vector<std::string_view> names;
  for (const answer::Field& field : fields) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string times(int n) {
  return n == 1 ? "once" : n == 2 ? "twice" : fmt::format("{} times", n);
}

class Maker {
 public:
  explicit Maker(const stages::JobSpec& job) : job_(job) {}

  Graph make() {
    graph_.title = job_.name;
    graph_.groups.push_back({});
    std::vector<std::string> before;
    for (const std::string& path : source::shown_names(job_.questions.front().read))
      before.push_back(add(Shape::data, {path == "-" ? "standard input" : path}));
    for (std::size_t k = 0; k < job_.questions.size(); ++k) before = question(k, before);
    graph_.groups.push_back({});
    const stages::PipelineSpec& last = job_.questions.back();
    for (const std::string& path : last.sink.outputs()) {
      const std::string output = add(Shape::data, {path});
      connect(before, output, "answered");
      connect(accepted_, output, "not escalated");
    }
    // Last of all, so that it stands at the bottom.
    for (const auto& [path, from] : rejects_) {
      const std::string to = add(Shape::data, {path});
      for (const std::string& node : from)
        graph_.edges.push_back({node, to, "rejected", /*dashed=*/true});
    }
    return std::move(graph_);
  }

 private:
  std::string add(Shape shape, std::vector<std::string> lines) {
    for (std::string& line : lines) line = shortened(line);
    std::string id = fmt::format("n{}", ++nodes_);
    graph_.groups.back().nodes.push_back({id, shape, std::move(lines)});
    return id;
  }

  void connect(const std::vector<std::string>& from, const std::string& to,
               const std::string& label = {}) {
    for (const std::string& node : from) graph_.edges.push_back({node, to, label});
  }

  std::string step(const stages::Step& step) {
    if (const auto* validation = std::get_if<stages::ValidateSpec>(&step))
      return validate(*validation);
    if (const auto* map = std::get_if<stages::MapStep>(&step))
      return add(Shape::step, {"map", map->script.place});
    if (const auto* keep = std::get_if<stages::KeepStep>(&step))
      return add(Shape::step, {"keep", keep->script.place});
    if (const auto* explode = std::get_if<stages::ExplodeStep>(&step))
      return add(Shape::step, {"explode", explode->script.place});
    return add(Shape::step, {"escalate", std::get<stages::EscalateStep>(step).script.place});
  }

  std::string validate(const stages::ValidateSpec& validate) {
    std::vector<std::string> lines = {"validate"};
    if (!validate.fields.empty()) lines.push_back(names_of(validate.fields));
    if (validate.check) lines.push_back("check " + validate.script.place);
    return add(Shape::step, std::move(lines));
  }

  std::string endpoint(const provider::EndpointSpec& endpoint) {
    std::vector<std::string> lines = {endpoint.name};
    if (!endpoint.name.ends_with(endpoint.model)) lines.push_back("model " + endpoint.model);
    if (!endpoint.service_tier.empty()) lines.push_back("tier " + endpoint.service_tier);
    return add(Shape::endpoint, std::move(lines));
  }

  // Returns what the rows leave it by.
  std::vector<std::string> question(std::size_t k, std::vector<std::string> from) {
    const stages::PipelineSpec& spec = job_.questions[k];
    graph_.groups.push_back({});
    graph_.groups.back().title = stages::question_title(job_, k);
    // What the levels of a cascade refuse stands in the last one's file.
    std::size_t last = k;
    while (stages::has_next_level(job_.questions[last])) ++last;
    std::vector<std::string>& rejecting = rejecting_at(job_.questions[last].sink.rejects);

    std::string label = k > 0 ? "answered" : "";
    const auto next = [&](const std::string& node) {
      connect(from, node, label);
      if (spec.level.number <= 1) connect(std::exchange(accepted_, {}), node, "not escalated");
      from = {node};
      label = {};
    };
    for (const stages::Step& one : spec.read.steps) {
      next(step(one));
      if (std::holds_alternative<stages::EscalateStep>(one)) {
        accepted_.push_back(from.front());
        label = "escalated";
      }
      if (!std::holds_alternative<stages::KeepStep>(one)) rejecting.push_back(from.front());
    }
    if (spec.validate) {
      next(validate(*spec.validate));
      rejecting.push_back(from.front());
    }
    const std::string pack =
        add(Shape::question,
            {spec.pack.embed ? "embed" : "pack",
             spec.pack.rows == 1 ? "one row a request"
                                 : fmt::format("up to {} rows a request", spec.pack.rows),
             spec.pack.embed            ? "answer: " + spec.pack.embed->as
             : spec.pack.answer.empty() ? "answer: text"
                                        : "answer: " + names_of(spec.pack.answer)});
    next(pack);
    rejecting.push_back(pack);
    if (spec.level.number > 1)
      graph_.edges.push_back({answered_, pack, "no answer", /*dashed=*/true});

    std::vector<std::string> endpoints;
    for (const provider::EndpointSpec& one : spec.dispatch.endpoints) {
      endpoints.push_back(endpoint(one));
      connect({pack}, endpoints.back());
    }
    std::vector<std::string> lines = {"parse"};
    if (spec.parse.parse) lines.push_back(spec.parse.script.place);
    const std::string parse = add(Shape::step, std::move(lines));
    connect(endpoints, parse);
    if (spec.parse.retries > 0)
      graph_.edges.push_back(
          {parse, pack, "asked again, up to " + times(spec.parse.retries), /*dashed=*/true});
    if (!stages::has_next_level(spec)) rejecting.push_back(parse);
    answered_ = parse;
    return {parse};
  }

  std::vector<std::string>& rejecting_at(const std::string& path) {
    const auto same = std::ranges::find(rejects_, path, &Rejects::first);
    if (same != rejects_.end()) return same->second;
    return rejects_.emplace_back(path, std::vector<std::string>()).second;
  }

  const stages::JobSpec& job_;
  Graph graph_;
  int nodes_ = 0;
  std::string answered_;               // the last question's parse
  std::vector<std::string> accepted_;  // the escalate steps of the present cascade
  using Rejects = std::pair<std::string, std::vector<std::string>>;  // a file, and what fills it
  std::vector<Rejects> rejects_;
};

// Mermaid's texts stand in quotes; "#…;" is its escape, and "<br>" a line end.
std::string mermaid_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '"':
      case '#':
      case '<':
      case '>':
      case '&':
      case '`':
      case '\\':
      case '*':
      case '_':
        out += fmt::format("#{};", static_cast<int>(c));
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string dot_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

template <class Escape>
std::string label_of(const Graph::Node& node, Escape escape, std::string_view line_end) {
  std::vector<std::string> lines;
  for (const std::string& line : node.lines) lines.push_back(escape(line));
  return fmt::format("{}", fmt::join(lines, line_end));
}

}  // namespace

Graph graph_of(const stages::JobSpec& job) {
  return Maker(job).make();
}

std::string mermaid(const Graph& graph) {
  std::string out = "flowchart TB\n";
  int groups = 0;
  for (const Graph::Group& group : graph.groups) {
    const std::string_view indent = group.title.empty() ? "  " : "    ";
    if (!group.title.empty())
      out += fmt::format("  subgraph q{}[\"{}\"]\n", ++groups, mermaid_text(group.title));
    for (const Graph::Node& node : group.nodes) {
      static const std::map<Shape, std::pair<std::string_view, std::string_view>> kBrackets = {
          {Shape::data, {"[(", ")]"}},
          {Shape::step, {"[", "]"}},
          {Shape::question, {"[[", "]]"}},
          {Shape::endpoint, {"([", "])"}}};
      const auto& [open, close] = kBrackets.at(node.shape);
      out += fmt::format("{}{}{}\"{}\"{}\n", indent, node.id, open,
                         label_of(node, mermaid_text, "<br>"), close);
    }
    if (!group.title.empty()) out += "  end\n";
  }
  for (const Graph::Edge& edge : graph.edges) {
    const std::string_view arrow = edge.dashed ? "-.->" : "-->";
    out += edge.label.empty() ? fmt::format("  {} {} {}\n", edge.from, arrow, edge.to)
                              : fmt::format("  {} {}|\"{}\"| {}\n", edge.from, arrow,
                                            mermaid_text(edge.label), edge.to);
  }
  return out;
}

std::string dot(const Graph& graph) {
  std::string out = fmt::format(
      "digraph \"{}\" {{\n"
      "  rankdir=TB;\n"
      "  graph [fontname=\"Helvetica\", fontsize=11];\n"
      "  node [fontname=\"Helvetica\", fontsize=11, style=filled, fillcolor=white];\n"
      "  edge [fontname=\"Helvetica\", fontsize=10];\n",
      dot_text(graph.title));
  int groups = 0;
  for (const Graph::Group& group : graph.groups) {
    const std::string_view indent = group.title.empty() ? "  " : "    ";
    if (!group.title.empty())
      out += fmt::format(
          "  subgraph cluster{} {{\n    label=\"{}\";\n    labeljust=l;\n    color=gray;\n",
          ++groups, dot_text(group.title));
    for (const Graph::Node& node : group.nodes) {
      static const std::map<Shape, std::string_view> kShapes = {
          {Shape::data, "cylinder"},
          {Shape::step, "box"},
          {Shape::question, "box, peripheries=2"},
          {Shape::endpoint, "box, style=\"filled,rounded\""}};
      out += fmt::format("{}{} [shape={}, label=\"{}\"];\n", indent, node.id,
                         kShapes.at(node.shape), label_of(node, dot_text, "\\n"));
    }
    if (!group.title.empty()) out += "  }\n";
  }
  for (const Graph::Edge& edge : graph.edges) {
    std::vector<std::string> options;
    if (!edge.label.empty()) options.push_back(fmt::format("label=\"{}\"", dot_text(edge.label)));
    if (edge.dashed) options.emplace_back("style=dashed");
    out += fmt::format("  {} -> {}", edge.from, edge.to);
    if (!options.empty()) out += fmt::format(" [{}]", fmt::join(options, ", "));
    out += ";\n";
  }
  return out + "}\n";
}

}  // namespace sluice::inspect
