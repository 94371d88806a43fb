// tostring, string.format and table.sort of the sandbox: as the reference manual has them, but for
// what would differ from run to run. A prompt that does is asked and paid for again in each run.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "script/sandbox.h"

namespace sluice::script {
namespace {

int guarded_tostring(lua_State* lua) {
  luaL_checkany(lua, 1);
  push_text(lua, 1);
  return 1;
}

// Upvalue 1 is Lua's own string.format, which looks at the rest.
int guarded_format(lua_State* lua) {
  std::size_t length = 0;
  const char* text = luaL_checklstring(lua, 1, &length);
  const std::string_view format(text, length);
  int argument = 1;
  for (std::size_t i = format.find('%'); i < format.size(); i = format.find('%', i + 1)) {
    ++i;
    if (i < format.size() && format[i] == '%') continue;
    ++argument;
    i = format.find_first_not_of("-+ #0123456789.", i);
    if (i >= format.size()) break;
    if (format[i] == 'p')
      return luaL_error(lua,
                        "'%%p' is not there in a pipeline file: an address differs in each run, "
                        "and so would the prompt");
    if (format[i] == 's' && argument <= lua_gettop(lua)) check_has_text(lua, argument);
  }
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

// Whether the list at index 3 has what stands at `a` before what stands at `b`, by the function at
// index 2 or by '<'.
bool before(lua_State* lua, lua_Integer a, lua_Integer b) {
  const bool function = !lua_isnil(lua, 2);
  if (function) lua_pushvalue(lua, 2);
  lua_rawgeti(lua, 3, a);
  lua_rawgeti(lua, 3, b);
  if (!function) {
    const bool less = lua_compare(lua, -2, -1, LUA_OPLT) != 0;
    lua_pop(lua, 2);
    return less;
  }
  lua_call(lua, 2, 1);
  const bool first = lua_toboolean(lua, -1) != 0;
  lua_pop(lua, 1);
  return first;
}

// table.sort(list[, before]), stable. Lua's own takes pivots from the clock when a long list does
// not divide well, so that equal elements may come in another order in each run.
int stable_sort(lua_State* lua) {
  check_plain_table(lua, 1);
  if (!lua_isnoneornil(lua, 2)) luaL_checktype(lua, 2, LUA_TFUNCTION);
  lua_settop(lua, 2);
  const std::size_t count = lua_rawlen(lua, 1);
  Sandbox::of(lua).charge(2 * count * static_cast<std::size_t>(std::bit_width(count)));
  // A copy, out of reach of the function that compares.
  lua_createtable(lua, static_cast<int>(count), 0);
  for (std::size_t i = 1; i <= count; ++i) {
    lua_rawgeti(lua, 1, static_cast<lua_Integer>(i));
    lua_rawseti(lua, 3, static_cast<lua_Integer>(i));
  }
  std::vector<std::uint32_t> order(count), merged(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint32_t>(i + 1);
  for (std::size_t width = 1; width < count; width *= 2) {
    for (std::size_t start = 0; start < count; start += 2 * width) {
      const std::size_t middle = std::min(start + width, count);
      const std::size_t end = std::min(start + 2 * width, count);
      std::size_t left = start;
      std::size_t right = middle;
      for (std::size_t to = start; to < end; ++to) {
        const bool from_right =
            left == middle || (right < end && before(lua, order[right], order[left]));
        merged[to] = order[from_right ? right++ : left++];
      }
    }
    order.swap(merged);
  }
  for (std::size_t i = 0; i < count; ++i) {
    lua_rawgeti(lua, 3, order[i]);
    lua_rawseti(lua, 1, static_cast<lua_Integer>(i) + 1);
  }
  return 0;
}

}  // namespace

void check_has_text(lua_State* lua, int index) {
  const int type = lua_type(lua, index);
  if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
    return;
  if (luaL_getmetafield(lua, index, "__tostring") != LUA_TNIL) return lua_pop(lua, 1);
  luaL_error(lua,
             "a %s has no text: Lua would write its address, which differs in each run, and so "
             "would the prompt; use what is in it, as in row.tags[1] or "
             "table.concat(row.tags, \", \")",
             luaL_typename(lua, index));
}

void push_text(lua_State* lua, int index) {
  check_has_text(lua, index);
  luaL_tolstring(lua, index, nullptr);
}

void replace_text_functions(lua_State* lua) {
  lua_pushcfunction(lua, guarded_tostring);
  lua_setglobal(lua, "tostring");
  lua_getglobal(lua, LUA_STRLIBNAME);
  lua_getfield(lua, -1, "format");
  lua_pushcclosure(lua, guarded_format, 1);
  lua_setfield(lua, -2, "format");
  lua_getglobal(lua, LUA_TABLIBNAME);
  lua_pushcfunction(lua, stable_sort);
  lua_setfield(lua, -2, "sort");
  lua_pop(lua, 2);
}

}  // namespace sluice::script
