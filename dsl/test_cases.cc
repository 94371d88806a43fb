#include "dsl/test_cases.h"

#include "dsl/arguments.h"
#include "dsl/node.h"
#include "dsl/values.h"

namespace sluice::dsl {
namespace {

// Moves the `reply` of the table on top of the stack to the list of functions, where it is one.
void take_reply(lua_State* lua, int functions, std::size_t question, TestCase& test) {
  lua_pushliteral(lua, "reply");
  lua_rawget(lua, -2);
  if (!lua_isfunction(lua, -1)) return lua_pop(lua, 1);
  const auto number = static_cast<std::size_t>(lua_rawlen(lua, functions));
  lua_rawseti(lua, functions, static_cast<lua_Integer>(number) + 1);
  test.functions.push_back({question, number});
  lua_pushliteral(lua, "reply");
  lua_pushnil(lua);
  lua_rawset(lua, -3);
}

void take_functions(lua_State* lua, int functions, TestCase& test) {
  take_reply(lua, functions, 0, test);
  lua_pushliteral(lua, "questions");
  lua_rawget(lua, -2);
  if (lua_istable(lua, -1)) {
    const auto questions = static_cast<lua_Integer>(lua_rawlen(lua, -1));
    for (lua_Integer k = 1; k <= questions; ++k) {
      lua_rawgeti(lua, -1, k);
      if (lua_istable(lua, -1)) take_reply(lua, functions, static_cast<std::size_t>(k) - 1, test);
      lua_pop(lua, 1);
    }
  }
  lua_pop(lua, 1);
}

// The member `pipeline` of the list at `list`.
void take_pipeline(lua_State* lua, int list, TestCases& tests) {
  lua_pushliteral(lua, "pipeline");
  lua_rawget(lua, list);
  const Node* node = to_node(lua, -1);
  if (node != nullptr && std::holds_alternative<Pipeline>(node->value)) {
    tests.own_pipeline = true;
  } else if (lua_type(lua, -1) == LUA_TSTRING) {
    tests.pipeline = text_at(lua, -1);
  } else if (!lua_isnil(lua, -1)) {
    luaL_error(lua, "'pipeline' must be s.pipeline { … } or the path of a pipeline file, got %s",
               describe(lua, -1).c_str());
  }
  lua_pop(lua, 1);
}

}  // namespace

TestCases read_test_cases(lua_State* lua) {
  TestCases tests;
  const int list = lua_gettop(lua);
  if (!lua_istable(lua, list))
    luaL_error(lua, "a test file returns a list of cases, { { name = …, rows = … }, … }; got %s",
               describe(lua, list).c_str());
  lua_newtable(lua);
  const int functions = lua_gettop(lua);
  take_pipeline(lua, list, tests);
  const auto cases = static_cast<lua_Integer>(lua_rawlen(lua, list));
  if (cases == 0) luaL_error(lua, "the test file returns no case: add { name = …, rows = … }");
  for (lua_Integer i = 1; i <= cases; ++i) {
    lua_rawgeti(lua, list, i);
    if (!lua_istable(lua, -1))
      luaL_error(lua, "case %d of the test file must be a table, got %s", static_cast<int>(i),
                 describe(lua, -1).c_str());
    TestCase& test = tests.cases.emplace_back();
    take_functions(lua, functions, test);
    append_table(lua, -1, "case", test.json);
    lua_pop(lua, 1);
  }
  lua_replace(lua, list);
  return tests;
}

}  // namespace sluice::dsl
