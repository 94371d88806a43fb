// A Lua state in which strangers' code may run: no files, no processes, no clock, no randomness, no
// bytecode, and limits (dsl/script/meter.h) on memory and on work that pcall cannot swallow.
//
// What is there: the basic functions, string, table, math and utf8 of Lua 5.4, with these changes:
//   - not there: io, os, debug, package, coroutine, load, loadstring, loadfile, dofile,
//     collectgarbage, print, warn, string.dump, math.random, math.randomseed. Touching one is an
//     error that says what to do instead.
//   - A file means the same in each state and each run. pairs() and next() go through integer keys
//     in order, then through strings in byte order (Lua seeds its hash per state); several keys
//     that only their addresses could order are an error. So is the text of a value that would be
//     its address (tostring, %s and %p of string.format). table.sort() is stable.
//   - setmetatable() refuses __gc, whose calls no limit reaches; xpcall() calls its handler after
//     the stack is unwound; string.find, match, gmatch and gsub count their steps.
//
// Why no coroutines: nothing in a pipeline can wait, and each one counts its instructions afresh.
//
// Threads: one at a time.
//
// Invariants:
//   1. Lua code runs only below protected_call(), so that no Lua error leaves this class.
//   2. The count hook is set once and stays.
#pragma once

#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "script/lua_pattern.h"
#include "script/meter.h"

namespace sluice::script {

// Where a script stands: a chunk, as Lua shortens its name, and a line. Line 0 = not known.
struct ScriptPlace {
  std::string chunk;
  int line = 0;
};

// How a script failed. `message` may begin with a place of its own, as error() writes it.
struct ScriptError {
  ScriptPlace place;  // of the innermost Lua function
  std::string message;
};

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  lua_State* lua() const { return lua_; }
  Meter& meter() { return meter_; }

  // The sandbox that `lua` belongs to.
  static Sandbox& of(lua_State* lua) { return **static_cast<Sandbox**>(lua_getextraspace(lua)); }

  // Runs `body` as a protected call with the given allowance; it finds `context` as light userdata
  // at index 1. nullopt when it went well. Throws std::bad_alloc when the program has no memory.
  std::optional<ScriptError> protected_call(lua_CFunction body, void* context, std::uint64_t work,
                                            double seconds);

  // For C functions: counts work, and raises a Lua error when the limit is passed.
  void charge(std::uint64_t units);

  // Ends the script: pcall passes the error on. The caller raises it.
  void abort() { aborted_ = true; }
  bool ended() const { return aborted_ || meter_.tripped() != Limit::none; }

  // The compiled form of a pattern; raises a Lua error when it is malformed.
  const Pattern& pattern(std::string_view text, bool anchors);

 private:
  static void* allocate(void* self, void* block, std::size_t from, std::size_t to);
  static void hook(lua_State* lua, lua_Debug* at);
  static int run_body(lua_State* lua);
  static int handle_message(lua_State* lua);
  [[noreturn]] void raise_limit();
  void open_libraries();

  Meter meter_;
  bool armed_ = false;  // limits hold: after the libraries are open, until the state is closed
  bool aborted_ = false;
  bool starved_ = false;   // the program has no memory left: no fault of the script's
  ScriptPlace failed_at_;  // where the last error, or the passed limit, happened
  struct Compiled {
    std::optional<Pattern> anchored;
    std::optional<Pattern> free;
  };
  std::unordered_map<std::string, Compiled> patterns_;  // at most kPatterns
  lua_State* lua_ = nullptr;
};

// Where the innermost Lua function on the stack stands.
ScriptPlace place_of(lua_State* lua);

// The sandbox's own versions of functions in the library tables (dsl/script/safe_library.cc,
// dsl/script/string_library.cc, dsl/script/text_library.cc). Called once, with the standard libraries open.
void guard_libraries(lua_State* lua);
void replace_string_functions(lua_State* lua);
void replace_text_functions(lua_State* lua);

// Pushes the text of the value at `index`, as tostring() gives it. Raises a Lua error for a value
// whose text would be its address; check_has_text() does only that.
void push_text(lua_State* lua, int index);
void check_has_text(lua_State* lua, int index);

// Pushes a list of the keys of the table at `index`: integers in order, strings in byte order, then
// other numbers, false, true, and at last a key of another type. There may be one of these only:
// nothing but their addresses could order them.
void push_ordered_keys(lua_State* lua, int index);

// The table functions loop in C as long as __len and __index tell them to, so they take plain
// tables only; then their work is bounded by the table's size. Raises a Lua error for another.
void check_plain_table(lua_State* lua, int index);

}  // namespace sluice::script
