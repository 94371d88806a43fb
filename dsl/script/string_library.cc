// string.find, match, gmatch, gsub and rep of the sandbox: as the reference manual (§6.4) has them,
// on a matcher that counts its steps.
#include <cstring>
#include <string>

#include "script/sandbox.h"

namespace sluice::script {
namespace {

std::string_view check_text(lua_State* lua, int index) {
  std::size_t length = 0;
  const char* text = luaL_checklstring(lua, index, &length);
  return {text, length};
}

// The 0-based offset that an `init` argument means; may lie behind the end.
std::size_t check_init(lua_State* lua, int index, std::size_t length) {
  const lua_Integer init = luaL_optinteger(lua, index, 1);
  if (init > 0) return static_cast<std::size_t>(init) - 1;
  if (init == 0 || init < -static_cast<lua_Integer>(length)) return 0;
  return length - static_cast<std::size_t>(-init);
}

// Runs one of the matcher's functions on the state's budget.
bool found(lua_State* lua, decltype(search)* how, const Pattern& pattern, std::string_view subject,
           std::size_t from, Match& match) {
  Sandbox& sandbox = Sandbox::of(lua);
  const std::uint64_t before = sandbox.meter().work_left();
  std::uint64_t budget = before;
  const Found result = how(pattern, subject, from, budget, match);
  sandbox.charge(result == Found::exhausted ? before + 1 : before - budget);
  return result == Found::yes;
}

void push_capture(lua_State* lua, std::string_view subject, const Match::Capture& capture) {
  if (capture.place) {
    lua_pushinteger(lua, static_cast<lua_Integer>(capture.start) + 1);
  } else {
    lua_pushlstring(lua, subject.data() + capture.start, capture.length);
  }
}

void push_whole(lua_State* lua, std::string_view subject, const Match& match) {
  lua_pushlstring(lua, subject.data() + match.start, match.end - match.start);
}

// Pushes the captures, or the whole match when there are none and it is asked for.
int push_captures(lua_State* lua, std::string_view subject, const Match& match, bool or_whole) {
  luaL_checkstack(lua, static_cast<int>(match.captures.size()) + 1, "too many captures");
  if (match.captures.empty() && or_whole) {
    push_whole(lua, subject, match);
    return 1;
  }
  for (const Match::Capture& capture : match.captures) push_capture(lua, subject, capture);
  return static_cast<int>(match.captures.size());
}

int find_plain(lua_State* lua, std::string_view subject, std::string_view text, std::size_t init) {
  Sandbox::of(lua).charge((subject.size() - init) / kBytesPerWork + 1);
  const void* at = memmem(subject.data() + init, subject.size() - init, text.data(), text.size());
  if (at == nullptr) {
    lua_pushnil(lua);
    return 1;
  }
  const lua_Integer start = static_cast<const char*>(at) - subject.data();
  lua_pushinteger(lua, start + 1);
  lua_pushinteger(lua, start + static_cast<lua_Integer>(text.size()));
  return 2;
}

int find_or_match(lua_State* lua, bool find) {
  const std::string_view subject = check_text(lua, 1);
  const std::string_view text = check_text(lua, 2);
  const std::size_t init = check_init(lua, 3, subject.size());
  if (init > subject.size()) {
    lua_pushnil(lua);
    return 1;
  }
  const bool plain = lua_toboolean(lua, 4) != 0 || text.find_first_of("^$*+?.([%-") == text.npos;
  if (find && plain) return find_plain(lua, subject, text, init);

  const Pattern& pattern = Sandbox::of(lua).pattern(text, true);
  Match match;
  if (!found(lua, search, pattern, subject, init, match)) {
    lua_pushnil(lua);
    return 1;
  }
  if (!find) return push_captures(lua, subject, match, true);
  lua_pushinteger(lua, static_cast<lua_Integer>(match.start) + 1);
  lua_pushinteger(lua, static_cast<lua_Integer>(match.end));
  return 2 + push_captures(lua, subject, match, false);
}

int string_find(lua_State* lua) {
  return find_or_match(lua, true);
}
int string_match(lua_State* lua) {
  return find_or_match(lua, false);
}

// The iterator of gmatch(): upvalues are subject, pattern, where to go on, and the end of the last
// match (an empty match there is not one more).
int next_match(lua_State* lua) {
  const std::string_view subject = check_text(lua, lua_upvalueindex(1));
  const std::string_view text = check_text(lua, lua_upvalueindex(2));
  auto from = static_cast<std::size_t>(lua_tointeger(lua, lua_upvalueindex(3)));
  const lua_Integer last_end = lua_tointeger(lua, lua_upvalueindex(4));
  const Pattern& pattern = Sandbox::of(lua).pattern(text, false);
  Match match;
  while (from <= subject.size() && found(lua, search, pattern, subject, from, match)) {
    const auto end = static_cast<lua_Integer>(match.end);
    if (end == last_end) {
      from = match.start + 1;
      continue;
    }
    lua_pushinteger(lua, end);
    lua_copy(lua, -1, lua_upvalueindex(3));
    lua_replace(lua, lua_upvalueindex(4));
    return push_captures(lua, subject, match, true);
  }
  return 0;
}

int string_gmatch(lua_State* lua) {
  const std::string_view subject = check_text(lua, 1);
  check_text(lua, 2);
  const std::size_t init = check_init(lua, 3, subject.size());
  lua_settop(lua, 2);
  lua_pushinteger(lua, static_cast<lua_Integer>(std::min(init, subject.size() + 1)));
  lua_pushinteger(lua, -1);
  lua_pushcclosure(lua, next_match, 4);
  return 1;
}

// Appends the replacement text for one match: "%0" is the whole, "%1" … captures, "%%" a percent.
void append_template(lua_State* lua, luaL_Buffer& out, std::string_view text,
                     std::string_view subject, const Match& match) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      luaL_addchar(&out, text[i]);
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next == '%') {
      luaL_addchar(&out, '%');
    } else if (next == '0' || (next == '1' && match.captures.empty())) {
      luaL_addlstring(&out, subject.data() + match.start, match.end - match.start);
    } else if (next >= '1' && next <= '9') {
      const auto index = static_cast<std::size_t>(next - '1');
      if (index >= match.captures.size()) {
        luaL_error(lua, "invalid capture index %%%c in replacement string", next);
      }
      push_capture(lua, subject, match.captures[index]);
      luaL_tolstring(lua, -1, nullptr);
      lua_remove(lua, -2);
      luaL_addvalue(&out);
    } else {
      luaL_error(lua, "invalid use of '%%' in replacement string");
    }
  }
}

// Appends what replaces one match.
void append_replacement(lua_State* lua, luaL_Buffer& out, std::string_view subject,
                        const Match& match) {
  const int type = lua_type(lua, 3);
  if (type == LUA_TSTRING || type == LUA_TNUMBER) {
    return append_template(lua, out, check_text(lua, 3), subject, match);
  }
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(lua, 3);
    const int count = push_captures(lua, subject, match, true);
    lua_call(lua, count, 1);
  } else {
    if (match.captures.empty()) {
      push_whole(lua, subject, match);
    } else {
      push_capture(lua, subject, match.captures[0]);
    }
    lua_gettable(lua, 3);
  }
  if (!lua_toboolean(lua, -1)) {
    lua_pop(lua, 1);
    luaL_addlstring(&out, subject.data() + match.start, match.end - match.start);
  } else if (lua_isstring(lua, -1)) {
    luaL_addvalue(&out);
  } else {
    luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
  }
}

int string_gsub(lua_State* lua) {
  const std::string_view subject = check_text(lua, 1);
  const std::string_view text = check_text(lua, 2);
  const int type = lua_type(lua, 3);
  luaL_argexpected(
      lua,
      type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
      "string/function/table");
  const auto all = static_cast<lua_Integer>(subject.size()) + 1;
  const lua_Integer most = luaL_optinteger(lua, 4, all);
  lua_settop(lua, 4);
  // A copy: the function that gives the replacement may use patterns too, and so end the cached
  // one.
  const Pattern pattern = Sandbox::of(lua).pattern(text, true);

  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  Match match;
  std::size_t at = 0;
  std::size_t last_end = std::string::npos;  // an empty match there is not one more
  lua_Integer count = 0;
  while (count < most) {
    if (found(lua, match_at, pattern, subject, at, match) && match.end != last_end) {
      ++count;
      append_replacement(lua, out, subject, match);
      at = last_end = match.end;
    } else if (at < subject.size()) {
      luaL_addchar(&out, subject[at]);
      ++at;
    } else {
      break;
    }
    if (pattern.anchored()) break;
  }
  if (at < subject.size()) luaL_addlstring(&out, subject.data() + at, subject.size() - at);
  luaL_pushresult(&out);
  lua_pushinteger(lua, count);
  return 2;
}

int string_rep(lua_State* lua) {
  const std::string_view text = check_text(lua, 1);
  const lua_Integer times = luaL_checkinteger(lua, 2);
  const std::string_view between = lua_isnoneornil(lua, 3) ? "" : check_text(lua, 3);
  if (times <= 0 || text.size() + between.size() == 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  const auto n = static_cast<std::size_t>(times);
  if (n > kMemoryLimit / (text.size() + between.size())) {
    return luaL_error(lua, "resulting string too large (a script has %d MiB)",
                      int{kMemoryLimit >> 20});
  }
  luaL_Buffer out;
  luaL_buffinitsize(lua, &out, n * (text.size() + between.size()));
  for (std::size_t i = 0; i < n; ++i) {
    luaL_addlstring(&out, text.data(), text.size());
    if (i + 1 < n) luaL_addlstring(&out, between.data(), between.size());
  }
  luaL_pushresult(&out);
  return 1;
}

}  // namespace

void replace_string_functions(lua_State* lua) {
  constexpr luaL_Reg kFunctions[] = {{"find", string_find},     {"match", string_match},
                                     {"gmatch", string_gmatch}, {"gsub", string_gsub},
                                     {"rep", string_rep},       {nullptr, nullptr}};
  lua_getglobal(lua, LUA_STRLIBNAME);
  luaL_setfuncs(lua, kFunctions, 0);
  lua_pop(lua, 1);
}

}  // namespace sluice::script
