#include "script/big_number.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace sluice::script {
namespace {

constexpr char kBigMetatable[] = "a whole number beyond 64 bits";
const char kKnownKey = 0;  // registry: the values by their digits, as long as somebody has them

// Puts the double in the place of a big number.
void to_double(lua_State* lua, int index) {
  const auto digits = to_big_number(lua, index);
  if (!digits) return;
  lua_pushnumber(lua, std::strtod(std::string(*digits).c_str(), nullptr));
  lua_replace(lua, index);
}

template <int Operator>
int calculate(lua_State* lua) {
  to_double(lua, 1);
  if constexpr (Operator == LUA_OPUNM) {
    lua_settop(lua, 1);
  } else {
    to_double(lua, 2);
    lua_settop(lua, 2);
  }
  lua_arith(lua, Operator);
  return 1;
}

template <int Operator>
int compare(lua_State* lua) {
  to_double(lua, 1);
  to_double(lua, 2);
  lua_pushboolean(lua, lua_compare(lua, 1, 2, Operator));
  return 1;
}

int to_text(lua_State* lua) {
  const auto digits = to_big_number(lua, 1);
  lua_pushlstring(lua, digits->data(), digits->size());
  return 1;
}

int concatenate(lua_State* lua) {
  for (const int index : {1, 2}) {
    if (to_big_number(lua, index) || lua_isstring(lua, index)) continue;
    return luaL_error(lua, "attempt to concatenate a %s value", luaL_typename(lua, index));
  }
  luaL_tolstring(lua, 1, nullptr);
  luaL_tolstring(lua, 2, nullptr);
  lua_concat(lua, 2);
  return 1;
}

void push_metatable(lua_State* lua) {
  if (luaL_newmetatable(lua, kBigMetatable) == 0) return;
  const luaL_Reg methods[] = {{"__tostring", to_text},
                              {"__concat", concatenate},
                              {"__add", calculate<LUA_OPADD>},
                              {"__sub", calculate<LUA_OPSUB>},
                              {"__mul", calculate<LUA_OPMUL>},
                              {"__div", calculate<LUA_OPDIV>},
                              {"__idiv", calculate<LUA_OPIDIV>},
                              {"__mod", calculate<LUA_OPMOD>},
                              {"__pow", calculate<LUA_OPPOW>},
                              {"__unm", calculate<LUA_OPUNM>},
                              {"__lt", compare<LUA_OPLT>},
                              {"__le", compare<LUA_OPLE>},
                              {nullptr, nullptr}};
  luaL_setfuncs(lua, methods, 0);
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
}

void push_known(lua_State* lua) {
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &kKnownKey) == LUA_TTABLE) return;
  lua_pop(lua, 1);
  lua_newtable(lua);
  lua_newtable(lua);
  lua_pushliteral(lua, "v");
  lua_setfield(lua, -2, "__mode");
  lua_setmetatable(lua, -2);
  lua_pushvalue(lua, -1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kKnownKey);
}

}  // namespace

void push_big_number(lua_State* lua, std::string_view digits) {
  luaL_checkstack(lua, 6, "too much on the stack");
  push_known(lua);
  lua_pushlstring(lua, digits.data(), digits.size());
  lua_pushvalue(lua, -1);
  if (lua_rawget(lua, -3) == LUA_TNIL) {
    lua_pop(lua, 1);
    std::memcpy(lua_newuserdatauv(lua, digits.size(), 0), digits.data(), digits.size());
    push_metatable(lua);
    lua_setmetatable(lua, -2);
    lua_pushvalue(lua, -2);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, -5);
  }
  lua_replace(lua, -3);
  lua_pop(lua, 1);
}

std::optional<std::string_view> to_big_number(lua_State* lua, int index) {
  const void* digits = luaL_testudata(lua, index, kBigMetatable);
  if (digits == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(digits), lua_rawlen(lua, index));
}

}  // namespace sluice::script
