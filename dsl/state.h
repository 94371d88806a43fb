// One Lua state in which a pipeline file has been executed: its spec, and its functions to be
// called on rows.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/hash.h"
#include "dsl/arguments.h"
#include "dsl/project.h"
#include "dsl/sandbox.h"
#include "stages/spec.h"

namespace sluice::dsl {

enum class Function : std::uint8_t { user, check, parse };

class State {
 public:
  // Executes the project's file. The first execution reads what the file asks for; once the project
  // is sealed nothing is read any more.
  static core::Result<std::unique_ptr<State>> load(std::shared_ptr<Project> project);

  // As the file has it, its functions left empty.
  const stages::PipelineSpec& spec() const { return *spec_; }
  bool has(Function function) const;
  // Of the function's compiled code, without names and line numbers: what it calls, and the values
  // it has closed over, are not part of it.
  core::Hash128 code_hash(Function function) const;

  // Runs `body` as Sandbox::protected_call() does; it finds the function on top of the stack.
  // nullopt when it went well, else "file:line: what".
  std::optional<std::string> call(Function function, lua_CFunction body, void* context);

 private:
  explicit State(std::shared_ptr<Project> project);
  static int run_file(lua_State* lua);
  core::Error load_error(const ScriptError& wrong) const;
  std::string definition_place(Function function) const;

  std::shared_ptr<Project> project_;
  Sandbox sandbox_;
  Loader loader_;
  const stages::PipelineSpec* spec_ = nullptr;  // lives in the state's pipeline node
};

// Pushes the function of the pipeline that was executed in this state; nil when it has none.
void push_function(lua_State* lua, Function function);

}  // namespace sluice::dsl
