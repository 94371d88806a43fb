// s.pipeline { … }: the stages, in their order, become one PipelineSpec.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "dsl/constructors.h"
#include "dsl/node.h"

namespace sluice::dsl {
namespace {

constexpr std::array<std::string_view, 6> kOrder = {"read",     "validate", "pack",
                                                    "dispatch", "parse",    "sink"};
constexpr std::array<std::string_view, 4> kRequired = {"read", "pack", "dispatch", "sink"};
constexpr std::string_view kFlow = "the order is read, validate, pack, dispatch, parse, sink";

bool valid_name(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return std::ranges::all_of(name, fine) && !name.starts_with('.') && !name.starts_with('-');
}

class Builder {
 public:
  Builder(lua_State* lua, const Arguments& arguments) : lua_(lua), arguments_(arguments) {
    lua_createtable(lua, 0, 3);
    functions_ = lua_gettop(lua);
  }

  // Leaves the table of functions on top of the stack.
  stages::PipelineSpec run() {
    read_options();
    for (std::size_t i = 1; i <= arguments_.items(); ++i) {
      arguments_.push_item(i);
      add(i, to_node(lua_, -1));
      lua_pop(lua_, 1);
    }
    for (const std::string_view stage : kRequired) {
      if (!seen(stage)) {
        arguments_.fail(fmt::format("missing stage '{}'", stage),
                        fmt::format("add {}", section(stage).example));
      }
    }
    return std::move(spec_);
  }

 private:
  void read_options() {
    spec_.name = *arguments_.text("name");
    if (!valid_name(spec_.name)) {
      arguments_.fail_value(
          "name",
          "name must be of letters, digits, '.', '_' and '-', and begin with a letter or digit",
          "for example name = \"classify-tickets\"");
    }
    spec_.checkpoint.directory = ".sluice/" + spec_.name;
    if (!arguments_.has("checkpoint")) return;
    const Arguments checkpoint(arguments_, section("checkpoint"), "checkpoint");
    spec_.checkpoint.share = checkpoint.text("share").value_or("");
    if (!spec_.checkpoint.share.empty())
      spec_.checkpoint.directory = spec_.checkpoint.share + "/" + spec_.name;
    spec_.checkpoint.directory = checkpoint.text("dir").value_or(spec_.checkpoint.directory);
    if (checkpoint.text("durability") == "process") {
      spec_.checkpoint.durability = checkpoint::Durability::process;
    }
  }

  bool seen(std::string_view stage) const { return std::ranges::find(seen_, stage) != seen_.end(); }

  void add(std::size_t number, const Node* node) {
    const auto position = node == nullptr ? kOrder.end() : std::ranges::find(kOrder, node->name);
    if (position == kOrder.end()) {
      arguments_.fail_item(
          number,
          fmt::format("item {} of pipeline must be a stage, got {}", number, describe(lua_, -1)),
          kFlow);
    }
    check_order(*node);
    seen_.push_back(node->name);
    take(*node);
  }

  void check_order(const Node& node) const {
    if (seen(node.name)) {
      const bool question = node.name == "pack" || node.name == "dispatch" || node.name == "parse";
      raise_at(lua_, node.source, node.span, fmt::format("a second {}", node.name),
               question ? "this version takes one pack, dispatch and parse; ask the second "
                          "question in a pipeline of its own"
                        : fmt::format("a pipeline has one {}; put them together", node.name));
    }
    if (seen_.empty()) return;
    const auto last = std::ranges::find(kOrder, seen_.back());
    const auto here = std::ranges::find(kOrder, node.name);
    if (here < last) {
      raise_at(lua_, node.source, node.span, fmt::format("{} stands after {}", node.name, *last),
               kFlow);
    }
  }

  // The function in the node on top of the stack, if it has one, goes into the table of functions.
  void take_function(const char* name) {
    lua_getiuservalue(lua_, -1, 1);
    lua_setfield(lua_, functions_, name);
  }

  void take(const Node& node) {
    if (const auto* read = std::get_if<stages::ReadSpec>(&node.value)) spec_.read = *read;
    if (const auto* validate = std::get_if<stages::ValidateSpec>(&node.value)) {
      spec_.validate = *validate;
      take_function("check");
    }
    if (const auto* pack = std::get_if<stages::PackSpec>(&node.value)) {
      spec_.pack = *pack;
      take_function("user");
    }
    if (const auto* dispatch = std::get_if<stages::DispatchSpec>(&node.value))
      spec_.dispatch = *dispatch;
    if (const auto* parse = std::get_if<stages::ParseSpec>(&node.value)) {
      spec_.parse = *parse;
      take_function("parse");
    }
    if (const auto* sink = std::get_if<stages::SinkSpec>(&node.value)) take_sink(*sink, node);
  }

  void take_sink(const stages::SinkSpec& sink, const Node& node) {
    spec_.sink = sink;
    for (const std::string& path : spec_.read.paths) {
      if (path != sink.path && path != sink.rejects) continue;
      raise_at(lua_, node.source, node.span,
               fmt::format("sink would write over '{}', which read reads", path),
               "give the output another name");
    }
  }

  lua_State* lua_;
  const Arguments& arguments_;
  int functions_;  // index of their table
  stages::PipelineSpec spec_;
  std::vector<std::string_view> seen_;
};

}  // namespace

int construct_pipeline(lua_State* lua) {
  const Arguments arguments(lua, section("pipeline"));
  stages::PipelineSpec spec = Builder(lua, arguments).run();
  spec.file = loader_of(lua).project.file();
  const Place& place = arguments.place();
  push_node(lua, Node{.name = "pipeline",
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(spec)});
  lua_insert(lua, -2);
  lua_setiuservalue(lua, -2, 1);
  return 1;
}

}  // namespace sluice::dsl
