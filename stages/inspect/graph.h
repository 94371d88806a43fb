// The flow of a job as a picture: its inputs, steps, questions, endpoints and files, as text for
// Mermaid (GitHub, editors) or Graphviz.
//
// Threads: any; pure functions. No secret stands in it. Names from the pipeline file are escaped:
// none of them can change the graph.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/spec.h"

namespace sluice::inspect {

struct Graph {
  enum class Shape : std::uint8_t {
    data,      // what is read and written
    step,      // a function on rows
    question,  // what is asked
    endpoint,
  };
  struct Node {
    std::string id;  // [a-z0-9]+, unique
    Shape shape = Shape::step;
    std::vector<std::string> lines;  // the first is its name
  };
  struct Edge {
    std::string from;
    std::string to;
    std::string label;    // may be empty
    bool dashed = false;  // rows that come back, or leave without an answer
  };
  struct Group {
    std::string title;  // empty: its nodes stand in no frame
    std::vector<Node> nodes;
  };
  std::string title;
  std::vector<Group> groups;
  std::vector<Edge> edges;
};

Graph graph_of(const stages::JobSpec& job);

std::string mermaid(const Graph& graph);
std::string dot(const Graph& graph);

}  // namespace sluice::inspect
