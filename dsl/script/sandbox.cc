#include "script/sandbox.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

namespace sluice::script {
namespace {

constexpr std::size_t kPatterns = 128;       // compiled patterns kept
constexpr std::size_t kPatternBytes = 4096;  // longest pattern
constexpr std::size_t kLongestError = 2000;  // bytes of a script's own words

constexpr luaL_Reg kLibraries[] = {{LUA_GNAME, luaopen_base},
                                   {LUA_STRLIBNAME, luaopen_string},
                                   {LUA_TABLIBNAME, luaopen_table},
                                   {LUA_MATHLIBNAME, luaopen_math},
                                   {LUA_UTF8LIBNAME, luaopen_utf8}};

struct Body {
  lua_CFunction function;
  void* context;
};

}  // namespace

ScriptPlace place_of(lua_State* lua) {
  lua_Debug at;
  for (int level = 0; lua_getstack(lua, level, &at) != 0; ++level) {
    lua_getinfo(lua, "Sl", &at);
    if (at.currentline > 0) return {at.short_src, at.currentline};
  }
  return {};
}

Sandbox::Sandbox() {
  lua_ = lua_newstate(&Sandbox::allocate, this);
  if (lua_ == nullptr) throw std::bad_alloc();
  *static_cast<Sandbox**>(lua_getextraspace(lua_)) = this;
  lua_gc(lua_, LUA_GCGEN, 0, 0);
  open_libraries();
  lua_sethook(lua_, &Sandbox::hook, LUA_MASKCOUNT, kHookInterval);
  armed_ = true;
}

Sandbox::~Sandbox() {
  armed_ = false;
  lua_close(lua_);
}

void Sandbox::open_libraries() {
  const auto open = [](lua_State* lua) {
    for (const luaL_Reg& library : kLibraries) {
      luaL_requiref(lua, library.name, library.func, 1);
      lua_pop(lua, 1);
    }
    guard_libraries(lua);
    replace_string_functions(lua);
    replace_text_functions(lua);
    return 0;
  };
  lua_pushcfunction(lua_, open);
  if (lua_pcall(lua_, 0, 0, 0) != LUA_OK) throw std::bad_alloc();  // nothing else can fail here
}

void* Sandbox::allocate(void* self, void* block, std::size_t from, std::size_t to) {
  auto& sandbox = *static_cast<Sandbox*>(self);
  if (block == nullptr) from = 0;  // Lua gives the kind of object instead
  if (to <= from) {
    sandbox.meter_.shrink(from, to);
    if (to != 0) return std::realloc(block, to);
    std::free(block);
    return nullptr;
  }
  const bool first = sandbox.meter_.tripped() == Limit::none;
  if (!sandbox.meter_.grow(from, to)) {
    if (first && sandbox.armed_) sandbox.failed_at_ = place_of(sandbox.lua_);
    return nullptr;
  }
  void* grown = std::realloc(block, to);
  if (grown == nullptr) {
    sandbox.starved_ = true;
    sandbox.meter_.shrink(to, from);
  }
  return grown;
}

void Sandbox::hook(lua_State* lua, lua_Debug*) {
  Sandbox& sandbox = of(lua);
  if (sandbox.ended()) sandbox.raise_limit();
  if (!sandbox.meter_.charge(kHookInterval) || !sandbox.meter_.check_time()) {
    sandbox.failed_at_ = place_of(lua);
    sandbox.raise_limit();
  }
}

void Sandbox::charge(std::uint64_t units) {
  if (ended()) raise_limit();
  if (meter_.charge(units)) return;
  failed_at_ = place_of(lua_);
  raise_limit();
}

void Sandbox::raise_limit() {
  lua_pushliteral(lua_, "limit");  // never shown: protected_call() has the words
  lua_error(lua_);
  std::unreachable();
}

// Lua lets foreign exceptions pass as errors without a message, so they are given one here.
int Sandbox::run_body(lua_State* lua) {
  const auto body = *static_cast<Body*>(lua_touserdata(lua, 1));
  lua_settop(lua, 0);
  lua_pushlightuserdata(lua, body.context);
  std::string what;
  try {
    return body.function(lua);
  } catch (const std::bad_alloc&) {
    of(lua).starved_ = true;
  } catch (const std::exception& e) {
    what = e.what();
  }
  return luaL_error(lua, "%s", what.c_str());
}

// Runs where the error happens, with the stack still standing.
int Sandbox::handle_message(lua_State* lua) {
  Sandbox& sandbox = of(lua);
  if (!sandbox.ended()) sandbox.failed_at_ = place_of(lua);
  if (lua_type(lua, 1) == LUA_TSTRING) return 1;
  if (luaL_callmeta(lua, 1, "__tostring") != 0 && lua_type(lua, -1) == LUA_TSTRING) return 1;
  lua_pushfstring(lua, "error(%s)", luaL_typename(lua, 1));
  return 1;
}

std::optional<ScriptError> Sandbox::protected_call(lua_CFunction body, void* context,
                                                   std::uint64_t work, double seconds) {
  meter_.begin(work, seconds);
  aborted_ = starved_ = false;
  const int top = lua_gettop(lua_);
  Body frame{body, context};
  lua_pushcfunction(lua_, handle_message);
  lua_pushcfunction(lua_, run_body);
  lua_pushlightuserdata(lua_, &frame);
  const int status = lua_pcall(lua_, 1, 0, top + 1);
  if (status != LUA_OK && starved_) {
    lua_settop(lua_, top);
    throw std::bad_alloc();  // the row must not pay for it
  }
  std::optional<ScriptError> wrong;
  if (meter_.tripped() != Limit::none) {
    wrong = ScriptError{std::move(failed_at_), "it passed " + meter_.words()};
  } else if (status != LUA_OK) {
    std::size_t length = 0;
    const char* text = lua_tolstring(lua_, -1, &length);
    wrong = ScriptError{std::move(failed_at_),
                        text == nullptr ? std::string("unknown error")
                                        : std::string(text, std::min(length, kLongestError))};
  }
  lua_settop(lua_, top);
  return wrong;
}

const Pattern& Sandbox::pattern(std::string_view text, bool anchors) {
  if (text.size() > kPatternBytes)
    luaL_error(lua_, "pattern too long (at most %d bytes)", int{kPatternBytes});
  const std::string key(text);
  auto found = patterns_.find(key);
  if (found == patterns_.end()) {
    if (patterns_.size() >= kPatterns) patterns_.clear();
    found = patterns_.emplace(key, Compiled{}).first;
  }
  std::optional<Pattern>& compiled = anchors ? found->second.anchored : found->second.free;
  if (!compiled) {
    charge(kPatternBytes / 4 + text.size() * 16);
    auto fresh = Pattern::compile(text, anchors);
    if (!fresh) luaL_error(lua_, "%s", fresh.error().c_str());
    compiled = std::move(*fresh);
  }
  return *compiled;
}

}  // namespace sluice::script
