#include "dsl/scripts.h"

#include <algorithm>
#include <atomic>

#include "dsl/values.h"
#include "script/big_number.h"

namespace sluice::dsl {

using stages::ScriptFailure;

struct Scripts::Worker {
  explicit Worker(std::unique_ptr<State> executed) : state(std::move(executed)) {}
  std::unique_ptr<State> state;
  simdjson::dom::parser parser;
};

// What a body below is given, and gives back.
struct Scripts::Call {
  std::size_t function;
  const core::Row& row;
  std::string_view answer = {};
  std::span<const answer::Field> columns = {};
  simdjson::dom::parser* parser = nullptr;

  std::string text = {};               // the prompt, the answer or row as JSON, or why not
  std::vector<std::string> rows = {};  // of explode
  bool accepted = false;
  WrittenNumbers written = {};  // of row and answer

  static Call& of(lua_State* lua);  // of the running body
  void push_row(lua_State* lua) { push_object(lua, *parser, row.raw, written); }
  // `what` says what the function should have returned when its first result, below the second on
  // top of the stack, is not what it is called for.
  int refused(lua_State* lua, const char* what);

  static int map(lua_State* lua);
  static int keep(lua_State* lua);
  static int explode(lua_State* lua);
  static int check(lua_State* lua);
  static int render(lua_State* lua);
  static int parse(lua_State* lua);
  static int escalate(lua_State* lua);
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

// The second result, on top of the stack, as the reason for the first.
std::string reason(lua_State* lua) {
  std::size_t length = 0;
  script::push_text(lua, -1);
  const char* text = lua_tolstring(lua, -1, &length);
  return {text, std::min(length, kLongestReason)};
}

// The number of rows in the list on top of the stack.
lua_Integer length_of_list(lua_State* lua) {
  const auto length = static_cast<lua_Integer>(lua_rawlen(lua, -1));
  lua_Integer keys = 0;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pop(lua, 1);
    ++keys;
    if (lua_isinteger(lua, -1) == 0)
      luaL_error(
          lua,
          "explode must return a list of rows, { row, … }; it returned a table with "
          "the name '%s'",
          lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : describe(lua, -1).c_str());
  }
  script::Sandbox::of(lua).charge(static_cast<std::uint64_t>(keys));
  if (keys != length) luaL_error(lua, "explode must return a list without holes");
  return length;
}

}  // namespace

Scripts::Call& Scripts::Call::of(lua_State* lua) {
  return *static_cast<Call*>(lua_touserdata(lua, 1));
}

int Scripts::Call::refused(lua_State* lua, const char* what) {
  if (lua_toboolean(lua, -2) || lua_isnil(lua, -1)) {
    return luaL_error(lua, "%s, or nil and a reason; it returned %s", what,
                      describe(lua, -2).c_str());
  }
  text = reason(lua);
  return 0;
}

int Scripts::Call::map(lua_State* lua) {
  Call& call = of(lua);
  push_function(lua, call.function);
  call.push_row(lua);
  lua_call(lua, 1, 2);
  if (!lua_istable(lua, -2)) return call.refused(lua, "map must return the row as a table");
  append_row(lua, -2, call.written, call.text);
  call.accepted = true;
  return 0;
}

int Scripts::Call::keep(lua_State* lua) {
  Call& call = of(lua);
  const int before = lua_gettop(lua);
  push_function(lua, call.function);
  call.push_row(lua);
  lua_call(lua, 1, LUA_MULTRET);
  if (lua_gettop(lua) == before)
    return luaL_error(lua, "keep must return true or false; it returned nothing");
  call.accepted = lua_toboolean(lua, before + 1) != 0;
  return 0;
}

int Scripts::Call::explode(lua_State* lua) {
  Call& call = of(lua);
  push_function(lua, call.function);
  call.push_row(lua);
  lua_call(lua, 1, 2);
  if (!lua_istable(lua, -2)) return call.refused(lua, "explode must return a list of rows");
  lua_pop(lua, 1);
  const lua_Integer rows = length_of_list(lua);
  for (lua_Integer i = 1; i <= rows; ++i) {
    lua_rawgeti(lua, -1, i);
    if (!lua_istable(lua, -1))
      return luaL_error(lua, "explode must return a list of rows; item %d is %s",
                        static_cast<int>(i), describe(lua, -1).c_str());
    append_row(lua, -1, call.written, call.rows.emplace_back());
    lua_pop(lua, 1);
  }
  call.accepted = true;
  return 0;
}

int Scripts::Call::check(lua_State* lua) {
  Call& call = of(lua);
  push_function(lua, call.function);
  call.push_row(lua);
  lua_call(lua, 1, 2);
  call.accepted = lua_toboolean(lua, -2) != 0;
  if (!call.accepted) call.text = lua_isnil(lua, -1) ? "check said no" : reason(lua);
  return 0;
}

int Scripts::Call::render(lua_State* lua) {
  Call& call = of(lua);
  push_function(lua, call.function);
  call.push_row(lua);
  lua_call(lua, 1, 2);
  if (const auto digits = script::to_big_number(lua, -2)) {
    call.text = *digits;
    call.accepted = true;
    return 0;
  }
  if (lua_isstring(lua, -2) == 0) return call.refused(lua, "user must return the prompt as text");
  std::size_t length = 0;
  const char* text = lua_tolstring(lua, -2, &length);
  call.text.assign(text, length);
  call.accepted = true;
  return 0;
}

int Scripts::Call::parse(lua_State* lua) {
  Call& call = of(lua);
  push_function(lua, call.function);
  push_object(lua, *call.parser, call.answer, call.written);
  call.push_row(lua);
  lua_call(lua, 2, 2);
  if (!lua_istable(lua, -2)) return call.refused(lua, "parse must return the answer as a table");
  append_object(lua, -2, call.columns, call.written, call.text);
  call.accepted = true;
  return 0;
}

// An answer that is taken for good by a slip (a nil) would never be looked at again: so no other value
// stands for false.
int Scripts::Call::escalate(lua_State* lua) {
  Call& call = of(lua);
  push_function(lua, call.function);
  push_object(lua, *call.parser, call.answer, call.written);
  call.push_row(lua);
  lua_call(lua, 2, 1);
  if (!lua_isboolean(lua, -1))
    return luaL_error(lua, "escalate must return true or false; it returned %s",
                      describe(lua, -1).c_str());
  call.accepted = lua_toboolean(lua, -1) != 0;
  return 0;
}

Scripts::Scripts(std::shared_ptr<script::Project> project)
    : id_(next_id++), project_(std::move(project)) {}
Scripts::~Scripts() = default;

std::shared_ptr<Scripts> Scripts::make(std::shared_ptr<script::Project> project,
                                       std::unique_ptr<State> first) {
  std::shared_ptr<Scripts> scripts(new Scripts(std::move(project)));
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

std::expected<void, ScriptFailure> Scripts::run(lua_CFunction body, Call& call) {
  const auto worker = mine();
  if (!worker) return std::unexpected(worker.error());
  call.parser = &(*worker)->parser;
  if (auto wrong = (*worker)->state->call(call.function, body, &call))
    return std::unexpected(ScriptFailure{true, std::move(*wrong)});
  return {};
}

stages::MapFunction Scripts::map_function(std::size_t number) {
  return [self = shared_from_this(),
          number](const core::Row& row) -> std::expected<std::string, ScriptFailure> {
    Call call{.function = number, .row = row};
    if (auto ran = self->run(Call::map, call); !ran) return std::unexpected(ran.error());
    if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
    return std::move(call.text);
  };
}

stages::KeepFunction Scripts::keep_function(std::size_t number) {
  return [self = shared_from_this(),
          number](const core::Row& row) -> std::expected<bool, ScriptFailure> {
    Call call{.function = number, .row = row};
    if (auto ran = self->run(Call::keep, call); !ran) return std::unexpected(ran.error());
    return call.accepted;
  };
}

stages::ExplodeFunction Scripts::explode_function(std::size_t number) {
  return [self = shared_from_this(),
          number](const core::Row& row) -> std::expected<std::vector<std::string>, ScriptFailure> {
    Call call{.function = number, .row = row};
    if (auto ran = self->run(Call::explode, call); !ran) return std::unexpected(ran.error());
    if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
    return std::move(call.rows);
  };
}

stages::CheckFunction Scripts::check_function(std::size_t number) {
  return [self = shared_from_this(),
          number](const core::Row& row) -> std::expected<void, ScriptFailure> {
    Call call{.function = number, .row = row};
    if (auto ran = self->run(Call::check, call); !ran) return std::unexpected(ran.error());
    if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
    return {};
  };
}

stages::RenderFunction Scripts::render_function(std::size_t number) {
  return [self = shared_from_this(),
          number](const core::Row& row) -> std::expected<std::string, ScriptFailure> {
    Call call{.function = number, .row = row};
    if (auto ran = self->run(Call::render, call); !ran) return std::unexpected(ran.error());
    if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
    return std::move(call.text);
  };
}

stages::EscalateFunction Scripts::escalate_function(std::size_t number) {
  return [self = shared_from_this(), number](
             std::string_view answer, const core::Row& row) -> std::expected<bool, ScriptFailure> {
    Call call{.function = number, .row = row, .answer = answer};
    if (auto ran = self->run(Call::escalate, call); !ran) return std::unexpected(ran.error());
    return call.accepted;
  };
}

stages::ParseFunction Scripts::parse_function(std::size_t number,
                                              std::vector<answer::Field> columns) {
  if (columns.empty()) {
    answer::Field answer;
    answer.name = "answer";
    columns.push_back(std::move(answer));
  }
  return [self = shared_from_this(), number, columns = std::move(columns)](
             std::string_view answer,
             const core::Row& row) -> std::expected<std::string, ScriptFailure> {
    Call call{.function = number, .row = row, .answer = answer, .columns = columns};
    if (auto ran = self->run(Call::parse, call); !ran) return std::unexpected(ran.error());
    if (!call.accepted) return std::unexpected(ScriptFailure{false, std::move(call.text)});
    return std::move(call.text);
  };
}

}  // namespace sluice::dsl
