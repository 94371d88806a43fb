#include "dsl/node.h"

#include <memory>
#include <new>

namespace sluice::dsl {
namespace {

constexpr char kMetatable[] = "sluice value";

int destroy(lua_State* lua) {
  std::destroy_at(static_cast<Node*>(lua_touserdata(lua, 1)));
  return 0;
}

int show(lua_State* lua) {
  const auto* node = static_cast<Node*>(lua_touserdata(lua, 1));
  lua_pushfstring(lua, "s.%s", std::string(node->name).c_str());
  return 1;
}

}  // namespace

Node& push_node(lua_State* lua, Node node) {
  void* memory = lua_newuserdatauv(lua, sizeof(Node), 1);
  Node* made = new (memory) Node(std::move(node));
  luaL_setmetatable(lua, kMetatable);
  return *made;
}

Node* to_node(lua_State* lua, int index) {
  return static_cast<Node*>(luaL_testudata(lua, index, kMetatable));
}

void register_nodes(lua_State* lua, lua_CFunction call) {
  luaL_newmetatable(lua, kMetatable);
  const luaL_Reg methods[] = {
      {"__gc", destroy}, {"__tostring", show}, {"__call", call}, {nullptr, nullptr}};
  luaL_setfuncs(lua, methods, 0);
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 1);
}

}  // namespace sluice::dsl
