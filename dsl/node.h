// What a constructor of the `sluice` module gives to Lua: an opaque value that holds what it stands
// for, already checked, and the place of its call. Lua can pass it on and nothing else; a secret in
// it is out of a script's reach.
//
// Threads: as the Lua state that it lives in.
#pragma once

#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "answer/field.h"
#include "core/secret.h"
#include "provider/endpoint.h"
#include "queue/spec.h"
#include "script/source.h"
#include "stages/spec.h"
#include "table/spec.h"

namespace sluice::dsl {

// s.text without a table: the type alone.
struct BareField {
  answer::FieldType type;
};

enum class FunctionKind : std::uint8_t { map, keep, explode, check, user, parse, escalate };

// Where a function of the pipeline goes. Its number in Pipeline::functions names it in every state.
struct FunctionPlace {
  FunctionKind kind;
  std::size_t question = 0;         // index into JobSpec::questions
  std::optional<std::size_t> step;  // index into ReadSpec::steps; none for what stands behind them
};

struct Pipeline {
  stages::JobSpec job;  // its functions left empty
  std::vector<FunctionPlace> functions;
};

// A place in a file's text that a later mistake may be about.
struct Mark {
  const script::Source* source = nullptr;
  script::Span span;
};

// Where an option stands that a remark may be about (stages::OptionPlace).
struct OptionMark {
  std::string_view option;
  std::size_t item = 0;
  Mark mark;
};

// s.cascade { … }: the endpoints of each level.
struct Cascade {
  std::vector<std::vector<provider::EndpointSpec>> levels;
};

// s.dispatch { … }: one for each level of its cascade, else one.
struct Dispatch {
  std::vector<stages::DispatchSpec> levels;
};

// s.files "pattern": each file is a row.
struct InputFiles {
  std::string pattern;
};

struct Node {
  using Value =
      std::variant<BareField, InputFiles, table::Spec, queue::Spec, answer::Field, core::Secret,
                   std::vector<provider::EndpointSpec>, Cascade, stages::ReadSpec, stages::MapStep,
                   stages::KeepStep, stages::ExplodeStep, stages::ValidateSpec, stages::PackSpec,
                   Dispatch, stages::ParseSpec, stages::SinkSpec, Pipeline>;
  std::string_view name;                   // of the constructor
  const script::Source* source = nullptr;  // where it was called; null for bare field types
  script::Span span;
  Value value;
  // Of an endpoint: its model. Of a cascade: its endpoints' models, level by level. Of a dispatch: its
  // endpoints' models likewise, then its file of prices, its budget.
  std::vector<Mark> marks = {};
  std::vector<OptionMark> options = {};
};

// Pushes a node. Its user value 1 (nil until set) holds its Lua functions, which cannot leave the
// state: of pipeline their list, of the stages and of cascade the function itself.
Node& push_node(lua_State* lua, Node node);

// The node at `index`, or null when something else is there.
Node* to_node(lua_State* lua, int index);

// Makes the nodes' metatable; `call` is what calling a node does.
void register_nodes(lua_State* lua, lua_CFunction call);

}  // namespace sluice::dsl
