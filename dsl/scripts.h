// The functions of a pipeline file as callables that any thread may call at once.
//
// Ownership and threads:
//   1. A Lua state belongs to one thread at a time. A thread's first call takes an idle state, or
//      makes one by executing the file again (from the record in Project, so all are alike).
//   2. States live as long as any callable of the load; the thread that drops the last one closes
//      them all, whichever it is. A thread that ends gives its state back.
//   3. `mutex_` guards `states_` and `idle_`; a call that finds its thread's state takes no lock.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/lua_state.h"
#include "stages/spec.h"

namespace sluice::dsl {

class Scripts : public std::enable_shared_from_this<Scripts> {
 public:
  // `first` is the state of the load; `project` is sealed.
  static std::shared_ptr<Scripts> make(std::shared_ptr<script::Project> project,
                                       std::unique_ptr<State> first);
  ~Scripts();

  // Of the function with this number (dsl/node.h), which must be of that kind.
  stages::MapFunction map_function(std::size_t number);
  stages::KeepFunction keep_function(std::size_t number);
  stages::ExplodeFunction explode_function(std::size_t number);
  stages::CheckFunction check_function(std::size_t number);
  stages::RenderFunction render_function(std::size_t number);
  stages::EscalateFunction escalate_function(std::size_t number);
  // `columns`: of the answer.
  stages::ParseFunction parse_function(std::size_t number, std::vector<answer::Field> columns);

 private:
  friend class ThreadStates;
  struct Worker;  // a state and its JSON parser
  struct Call;

  explicit Scripts(std::shared_ptr<script::Project> project);
  std::expected<Worker*, stages::ScriptFailure> mine();
  std::expected<Worker*, stages::ScriptFailure> take();
  void give_back(Worker* worker);

  // Runs `body` on `call` in this thread's state.
  std::expected<void, stages::ScriptFailure> run(lua_CFunction body, Call& call);

  const std::uint64_t id_;  // unique in the process
  std::shared_ptr<script::Project> project_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> states_;
  std::vector<Worker*> idle_;
};

}  // namespace sluice::dsl
