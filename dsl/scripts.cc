#include "dsl/scripts.h"

#include <algorithm>
#include <atomic>

#include "dsl/values.h"

namespace sluice::dsl {

using stages::ScriptFailure;

struct Scripts::Worker {
  explicit Worker(std::unique_ptr<State> executed) : state(std::move(executed)) {}
  std::unique_ptr<State> state;
  simdjson::dom::parser parser;
};

// The states of one thread, one per load whose functions it has called.
class ThreadStates {
 public:
  ~ThreadStates() {
    for (const Entry& entry : entries_) {
      if (const auto owner = entry.owner.lock()) owner->give_back(entry.worker);
    }
  }

  Scripts::Worker* find(std::uint64_t id) const {
    const auto found = std::ranges::find(entries_, id, &Entry::id);
    return found == entries_.end() ? nullptr : found->worker;
  }

  void add(Scripts& owner, Scripts::Worker* worker) {
    std::erase_if(entries_, [](const Entry& entry) { return entry.owner.expired(); });
    entries_.push_back({owner.id_, worker, owner.weak_from_this()});
  }

 private:
  struct Entry {
    std::uint64_t id;
    Scripts::Worker* worker;
    std::weak_ptr<Scripts> owner;
  };
  std::vector<Entry> entries_;
};

namespace {

std::atomic<std::uint64_t> next_id{1};
thread_local ThreadStates thread_states;

constexpr std::size_t kLongestReason = 2000;  // bytes

// What a body below is given, and gives back.
struct RowCall {
  const core::Row& row;
  std::string_view answer = {};
  simdjson::dom::parser& parser;
  std::span<const stages::Field> columns = {};
  std::string text = {};  // the prompt, the answer as JSON, or why not
  bool accepted = false;
};

RowCall& call_of(lua_State* lua) {
  return *static_cast<RowCall*>(lua_touserdata(lua, 1));
}

// The second result, on top of the stack, as the reason for the first.
std::string reason(lua_State* lua) {
  std::size_t length = 0;
  const char* text = luaL_tolstring(lua, -1, &length);
  return {text, std::min(length, kLongestReason)};
}

int render_body(lua_State* lua) {
  RowCall& call = call_of(lua);
  push_function(lua, Function::user);
  push_object(lua, call.parser, call.row.raw);
  lua_call(lua, 1, 2);
  if (lua_isstring(lua, -2) != 0) {
    std::size_t length = 0;
    const char* text = lua_tolstring(lua, -2, &length);
    call.text.assign(text, length);
    call.accepted = true;
  } else if (!lua_toboolean(lua, -2) && !lua_isnil(lua, -1)) {
    call.text = reason(lua);
  } else {
    return luaL_error(lua,
                      "user must return the prompt as text, or nil and a reason; it returned %s",
                      describe(lua, -2).c_str());
  }
  return 0;
}

int check_body(lua_State* lua) {
  RowCall& call = call_of(lua);
  push_function(lua, Function::check);
  push_object(lua, call.parser, call.row.raw);
  lua_call(lua, 1, 2);
  call.accepted = lua_toboolean(lua, -2) != 0;
  if (!call.accepted) call.text = lua_isnil(lua, -1) ? "check said no" : reason(lua);
  return 0;
}

int parse_body(lua_State* lua) {
  RowCall& call = call_of(lua);
  push_function(lua, Function::parse);
  push_object(lua, call.parser, call.answer);
  push_object(lua, call.parser, call.row.raw);
  lua_call(lua, 2, 2);
  if (lua_istable(lua, -2)) {
    append_object(lua, -2, call.columns, call.text);
    call.accepted = true;
  } else if (!lua_toboolean(lua, -2) && !lua_isnil(lua, -1)) {
    call.text = reason(lua);
  } else {
    return luaL_error(
        lua, "parse must return the answer as a table, or nil and a reason; it returned %s",
        describe(lua, -2).c_str());
  }
  return 0;
}

}  // namespace

Scripts::Scripts(std::shared_ptr<Project> project) : id_(next_id++), project_(std::move(project)) {}
Scripts::~Scripts() = default;

std::shared_ptr<Scripts> Scripts::make(std::shared_ptr<Project> project,
                                       std::unique_ptr<State> first) {
  std::shared_ptr<Scripts> scripts(new Scripts(std::move(project)));
  scripts->columns_ = first->spec().pack.answer;
  if (scripts->columns_.empty()) {
    stages::Field answer;
    answer.name = "answer";
    scripts->columns_.push_back(std::move(answer));
  }
  scripts->states_.push_back(std::make_unique<Worker>(std::move(first)));
  scripts->idle_.push_back(scripts->states_.back().get());
  return scripts;
}

std::expected<Scripts::Worker*, ScriptFailure> Scripts::mine() {
  if (Worker* worker = thread_states.find(id_)) return worker;
  auto worker = take();
  if (worker) thread_states.add(*this, *worker);
  return worker;
}

std::expected<Scripts::Worker*, ScriptFailure> Scripts::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Worker* worker = idle_.back();
      idle_.pop_back();
      return worker;
    }
  }
  auto state = State::load(project_);
  if (!state) return std::unexpected(ScriptFailure{true, state.error().text()});
  const std::lock_guard lock(mutex_);
  states_.push_back(std::make_unique<Worker>(std::move(*state)));
  return states_.back().get();
}

void Scripts::give_back(Worker* worker) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(worker);
}

std::expected<std::string, ScriptFailure> Scripts::render(const core::Row& row) {
  const auto worker = mine();
  if (!worker) return std::unexpected(worker.error());
  RowCall call{.row = row, .parser = (*worker)->parser};
  if (auto wrong = (*worker)->state->call(Function::user, render_body, &call)) {
    return std::unexpected(ScriptFailure{true, std::move(*wrong)});
  }
  if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
  return std::move(call.text);
}

std::expected<void, ScriptFailure> Scripts::check(const core::Row& row) {
  const auto worker = mine();
  if (!worker) return std::unexpected(worker.error());
  RowCall call{.row = row, .parser = (*worker)->parser};
  if (auto wrong = (*worker)->state->call(Function::check, check_body, &call)) {
    return std::unexpected(ScriptFailure{true, std::move(*wrong)});
  }
  if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
  return {};
}

std::expected<std::string, ScriptFailure> Scripts::parse(std::string_view answer,
                                                         const core::Row& row) {
  const auto worker = mine();
  if (!worker) return std::unexpected(worker.error());
  RowCall call{.row = row, .answer = answer, .parser = (*worker)->parser, .columns = columns_};
  if (auto wrong = (*worker)->state->call(Function::parse, parse_body, &call)) {
    return std::unexpected(ScriptFailure{true, std::move(*wrong)});
  }
  if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
  return std::move(call.text);
}

stages::RenderFunction Scripts::render_function() {
  return [self = shared_from_this()](const core::Row& row) { return self->render(row); };
}

stages::CheckFunction Scripts::check_function() {
  return [self = shared_from_this()](const core::Row& row) { return self->check(row); };
}

stages::ParseFunction Scripts::parse_function() {
  return [self = shared_from_this()](std::string_view answer, const core::Row& row) {
    return self->parse(answer, row);
  };
}

}  // namespace sluice::dsl
