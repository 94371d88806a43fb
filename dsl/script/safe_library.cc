// The basic and table functions that the sandbox replaces: those that could swallow a limit, escape
// it, loop for ever inside C, or give another result in each run.
#include <algorithm>
#include <array>
#include <bit>
#include <string_view>
#include <tuple>
#include <vector>

#include "script/sandbox.h"

namespace sluice::script {
namespace {

struct Missing {
  std::string_view name;
  const char* instead;
};
constexpr std::array<Missing, 17> kMissing = {{
    {"io", "rows come from s.read, texts from s.file"},
    {"os", "a pipeline file has no clock and no processes; settings come from s.param"},
    {"debug", "a pipeline file has no access to the running program"},
    {"package", "require \"name\" loads name.lua from beside the pipeline file"},
    {"coroutine", "nothing in a pipeline file can wait; use plain functions"},
    {"load", "code is loaded with require only"},
    {"loadstring", "code is loaded with require only"},
    {"loadfile", "use require \"name\" for name.lua beside the pipeline file"},
    {"dofile", "use require \"name\" for name.lua beside the pipeline file"},
    {"collectgarbage", "memory is managed for you"},
    {"print",
     "functions run in many threads and have no terminal; say it with error(text) or as the "
     "reason that check and parse return"},
    {"warn", "say it with error(text) or as the reason that check and parse return"},
    {"unpack", "it is table.unpack"},
    {"setfenv", "it is not in Lua 5.4"},
    {"string.dump", "there is no bytecode"},
    {"math.random", "a row must give the same prompt in each run; take what varies from the row"},
    {"math.randomseed",
     "a row must give the same prompt in each run; take what varies from the row"},
}};

// __index of the global table and of `string` and `math`: upvalue 1 is the prefix.
int missing(lua_State* lua) {
  if (lua_type(lua, 2) != LUA_TSTRING) return 0;
  const std::string name =
      std::string(lua_tostring(lua, lua_upvalueindex(1))) + lua_tostring(lua, 2);
  const auto found = std::ranges::find(kMissing, std::string_view(name), &Missing::name);
  if (found == kMissing.end()) return 0;
  return luaL_error(lua, "'%s' is not there in a pipeline file: %s", name.c_str(), found->instead);
}

// Takes what kMissing names out of the table on top of the stack.
void take_out(lua_State* lua, std::string_view prefix) {
  for (const Missing& item : kMissing) {
    if (!item.name.starts_with(prefix)) continue;
    lua_pushnil(lua);
    lua_setfield(lua, -2, std::string(item.name.substr(prefix.size())).c_str());
  }
  lua_createtable(lua, 0, 2);
  lua_pushlstring(lua, prefix.data(), prefix.size());
  lua_pushcclosure(lua, missing, 1);
  lua_setfield(lua, -2, "__index");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, -2);
}

// An error is a C++ exception, which costs some microseconds to throw.
constexpr std::uint64_t kWorkOfError = 200;

// After a protected call that failed: passes the error on when the script has ended.
void check_ended(lua_State* lua) {
  Sandbox& sandbox = Sandbox::of(lua);
  if (sandbox.ended()) lua_error(lua);
  sandbox.charge(kWorkOfError);
}

int guarded_pcall(lua_State* lua) {
  luaL_checkany(lua, 1);
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  if (status != LUA_OK) check_ended(lua);
  lua_pushboolean(lua, status == LUA_OK ? 1 : 0);
  lua_insert(lua, 1);
  return lua_gettop(lua);
}

int guarded_xpcall(lua_State* lua) {
  const int arguments = lua_gettop(lua) - 2;
  luaL_checktype(lua, 2, LUA_TFUNCTION);
  lua_pushvalue(lua, 1);
  lua_insert(lua, 3);  // function, handler, function, arguments
  const int status = lua_pcall(lua, std::max(arguments, 0), LUA_MULTRET, 0);
  if (status == LUA_OK) {
    lua_pushboolean(lua, 1);
    lua_replace(lua, 2);
    return lua_gettop(lua) - 1;
  }
  check_ended(lua);
  lua_pushvalue(lua, 2);
  lua_insert(lua, -2);
  lua_call(lua, 1, 1);
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

int guarded_setmetatable(lua_State* lua) {
  if (lua_type(lua, 2) == LUA_TTABLE) {
    lua_pushliteral(lua, "__gc");
    if (lua_rawget(lua, 2) != LUA_TNIL)
      return luaL_error(lua, "__gc is not there in a pipeline file");
    lua_pop(lua, 1);
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

// The iterator of pairs(): upvalues are the list of keys and how many are done.
int next_pair(lua_State* lua) {
  lua_Integer done = lua_tointeger(lua, lua_upvalueindex(2));
  while (true) {
    if (lua_rawgeti(lua, lua_upvalueindex(1), ++done) == LUA_TNIL) return 1;
    lua_pushvalue(lua, -1);
    if (lua_rawget(lua, 1) != LUA_TNIL) break;  // nil: taken out since
    lua_pop(lua, 2);
  }
  lua_pushinteger(lua, done);
  lua_replace(lua, lua_upvalueindex(2));
  return 2;
}

int ordered_pairs(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (luaL_getmetafield(lua, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(lua, 1);
    lua_call(lua, 1, 3);
    return 3;
  }
  luaL_checktype(lua, 1, LUA_TTABLE);
  push_ordered_keys(lua, 1);
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, next_pair, 2);
  lua_pushvalue(lua, 1);
  return 2;
}

// next(t): the first key and its value, or nil. Going on from a key is pairs()'s work.
int first_pair(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (!lua_isnoneornil(lua, 2)) {
    return luaL_error(lua, "next(t, key) is not there in a pipeline file: use pairs(t)");
  }
  push_ordered_keys(lua, 1);
  if (lua_rawgeti(lua, -1, 1) == LUA_TNIL) return 1;
  lua_pushvalue(lua, -1);
  lua_rawget(lua, 1);
  return 2;
}

// Calls the function that was replaced (upvalue 1), in this one's frame.
int original(lua_State* lua) {
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

int guarded_table_function(lua_State* lua) {
  check_plain_table(lua, 1);
  Sandbox::of(lua).charge(lua_rawlen(lua, 1));
  return original(lua);
}

int guarded_insert(lua_State* lua) {
  check_plain_table(lua, 1);
  if (lua_gettop(lua) > 2) Sandbox::of(lua).charge(lua_rawlen(lua, 1));
  return original(lua);
}

int guarded_remove(lua_State* lua) {
  check_plain_table(lua, 1);
  if (lua_gettop(lua) > 1) Sandbox::of(lua).charge(lua_rawlen(lua, 1));
  return original(lua);
}

int guarded_move(lua_State* lua) {
  check_plain_table(lua, 1);
  if (!lua_isnoneornil(lua, 5)) check_plain_table(lua, 5);
  const lua_Integer first = luaL_checkinteger(lua, 2);
  const lua_Integer last = luaL_checkinteger(lua, 3);
  if (last >= first) {
    Sandbox::of(lua).charge(static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first));
  }
  return original(lua);
}

int guarded_unpack(lua_State* lua) {
  const lua_Integer first = luaL_optinteger(lua, 2, 1);
  const lua_Integer last = lua_isnoneornil(lua, 3) ? luaL_len(lua, 1) : luaL_checkinteger(lua, 3);
  if (last >= first) {
    Sandbox::of(lua).charge(static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first));
  }
  return original(lua);
}

// Replaces a function of the table on top of the stack; the old one becomes upvalue 1.
void wrap(lua_State* lua, const char* name, lua_CFunction function) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, function, 1);
  lua_setfield(lua, -2, name);
}

}  // namespace

void push_ordered_keys(lua_State* lua, int index) {
  enum Rank : std::uint8_t { integer, text, number, boolean, other };
  struct Key {
    Rank rank = other;
    lua_Integer integer = 0;
    double number = 0;      // of booleans too
    std::string_view text;  // lives as long as the key in its table
    lua_Integer slot = 0;   // in the unordered list
  };
  std::vector<Key> keys;
  std::size_t others = 0;
  lua_newtable(lua);
  const int unordered = lua_gettop(lua);
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    lua_pop(lua, 1);
    Key key;
    key.slot = static_cast<lua_Integer>(keys.size()) + 1;
    if (lua_isinteger(lua, -1)) {
      key.rank = integer;
      key.integer = lua_tointeger(lua, -1);
    } else if (lua_type(lua, -1) == LUA_TSTRING) {
      std::size_t length = 0;
      const char* bytes = lua_tolstring(lua, -1, &length);
      key.rank = text;
      key.text = {bytes, length};
    } else if (lua_type(lua, -1) == LUA_TNUMBER) {
      key.rank = number;
      key.number = lua_tonumber(lua, -1);
    } else if (lua_isboolean(lua, -1)) {
      key.rank = boolean;
      key.number = lua_toboolean(lua, -1);
    } else if (++others > 1) {
      luaL_error(lua,
                 "this table has several keys of type %s: their order would differ in each run, "
                 "and so would the prompt; use names, or a list",
                 luaL_typename(lua, -1));
    }
    lua_pushvalue(lua, -1);
    lua_rawseti(lua, unordered, key.slot);
    keys.push_back(key);
  }
  Sandbox::of(lua).charge(keys.size() * std::bit_width(keys.size()));
  std::ranges::sort(keys, {}, [](const Key& key) {
    return std::tuple(key.rank, key.integer, key.text, key.number);
  });
  lua_createtable(lua, static_cast<int>(keys.size()), 0);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    lua_rawgeti(lua, unordered, keys[i].slot);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_remove(lua, unordered);
}

void check_plain_table(lua_State* lua, int index) {
  luaL_checktype(lua, index, LUA_TTABLE);
  if (lua_getmetatable(lua, index) == 0) return;
  for (const char* method : {"__index", "__newindex", "__len"}) {
    lua_getfield(lua, -1, method);
    luaL_argcheck(lua, lua_isnil(lua, -1), index, "a table without a metatable expected");
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
}

void guard_libraries(lua_State* lua) {
  lua_pushglobaltable(lua);
  wrap(lua, "setmetatable", guarded_setmetatable);
  constexpr luaL_Reg kBasic[] = {{"pcall", guarded_pcall},
                                 {"xpcall", guarded_xpcall},
                                 {"pairs", ordered_pairs},
                                 {"next", first_pair},
                                 {nullptr, nullptr}};
  luaL_setfuncs(lua, kBasic, 0);
  take_out(lua, "");
  lua_getfield(lua, -1, LUA_TABLIBNAME);
  wrap(lua, "insert", guarded_insert);
  wrap(lua, "remove", guarded_remove);
  wrap(lua, "move", guarded_move);
  wrap(lua, "unpack", guarded_unpack);
  wrap(lua, "concat", guarded_table_function);
  lua_pop(lua, 1);
  lua_getfield(lua, -1, LUA_STRLIBNAME);
  take_out(lua, "string.");
  lua_pop(lua, 1);
  lua_getfield(lua, -1, LUA_MATHLIBNAME);
  take_out(lua, "math.");
  lua_pop(lua, 2);
  // The metatable of strings gives the string functions to s:method(); it is not to be changed.
  lua_pushliteral(lua, "");
  lua_getmetatable(lua, -1);
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 2);
}

}  // namespace sluice::script
