// One Lua state in which a pipeline file has been executed: what it says, and its functions, named
// by their numbers (dsl/node.h), to be called on rows.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "dsl/arguments.h"
#include "dsl/node.h"
#include "dsl/test_cases.h"
#include "script/project.h"
#include "script/sandbox.h"

namespace sluice::dsl {

// What a file is to return.
enum class Returns : std::uint8_t {
  pipeline,  // s.pipeline { … }, or a table that has one as `pipeline`
  tests,     // the cases of a test file
};

class State {
 public:
  // Executes the project's file. The first execution reads what the file asks for; once the project
  // is sealed nothing is read any more.
  static core::Result<std::unique_ptr<State>> load(std::shared_ptr<script::Project> project,
                                                   Returns returns = Returns::pipeline);

  const Pipeline& pipeline() const { return *pipeline_; }  // with Returns::pipeline
  const TestCases& tests() const { return tests_; }        // with Returns::tests
  // Of all that the function's results depend on beside its arguments (dsl/closure_hash.h); of all
  // that the project is made from where that cannot be told. Before any function is called.
  core::Hash128 version(std::size_t function);
  // Whether the function takes a second argument, or any number.
  bool takes_two(std::size_t function) const;
  // "file:line" where the function begins.
  std::string place(std::size_t function) const;

  // Globals that functions in the files read, and that have no value once the file was executed: of
  // each name the first place. Nothing where a file takes the globals by another way (_ENV, _G).
  std::vector<stages::UndefinedGlobal> undefined_globals();

  // Runs `body` as Sandbox::protected_call() does; it finds the function on top of the stack.
  // nullopt when it went well, else "file:line: what".
  std::optional<std::string> call(std::size_t function, lua_CFunction body, void* context);

 private:
  State(std::shared_ptr<script::Project> project, Returns returns);
  bool has_global(const std::string& name);
  static int run_file(lua_State* lua);
  core::Error load_error(const script::ScriptError& wrong) const;

  std::shared_ptr<script::Project> project_;
  script::Sandbox sandbox_;
  Loader loader_;
  const Returns returns_;
  TestCases tests_;
  const Pipeline* pipeline_ = nullptr;  // lives in the state's node of it
};

// Pushes a function of the pipeline that was executed in this state.
void push_function(lua_State* lua, std::size_t function);

}  // namespace sluice::dsl
