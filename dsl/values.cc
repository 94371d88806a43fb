#include "dsl/values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/json.h"
#include "dsl/sandbox.h"

namespace sluice::dsl {
namespace {

namespace dom = simdjson::dom;
using core::JsonWriter;
using stages::Field;
using stages::FieldType;

constexpr int kMaxDepth = 100;  // of a table: one that holds itself would never end

void push_value(lua_State* lua, dom::element value);

void push_table(lua_State* lua, dom::object object) {
  luaL_checkstack(lua, 4, "row nested too deeply");
  lua_createtable(lua, 0, static_cast<int>(object.size()));
  for (const auto [key, value] : object) {
    if (value.is_null()) continue;
    lua_pushlstring(lua, key.data(), key.size());
    push_value(lua, value);
    lua_rawset(lua, -3);
  }
}

void push_list(lua_State* lua, dom::array array) {
  luaL_checkstack(lua, 4, "row nested too deeply");
  lua_createtable(lua, static_cast<int>(array.size()), 0);
  lua_Integer i = 0;
  for (const dom::element value : array) {
    ++i;
    if (value.is_null()) continue;
    push_value(lua, value);
    lua_rawseti(lua, -2, i);
  }
}

void push_value(lua_State* lua, dom::element value) {
  switch (value.type()) {
    case dom::element_type::OBJECT:
      return push_table(lua, value.get_object().value_unsafe());
    case dom::element_type::ARRAY:
      return push_list(lua, value.get_array().value_unsafe());
    case dom::element_type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      lua_pushlstring(lua, text.data(), text.size());
      return;
    }
    case dom::element_type::INT64:
      return lua_pushinteger(lua, value.get_int64().value_unsafe());
    case dom::element_type::UINT64:  // larger than any Lua integer
      return lua_pushnumber(lua, static_cast<double>(value.get_uint64().value_unsafe()));
    case dom::element_type::DOUBLE:
      return lua_pushnumber(lua, value.get_double().value_unsafe());
    case dom::element_type::BOOL:
      return lua_pushboolean(lua, value.get_bool().value_unsafe() ? 1 : 0);
    case dom::element_type::NULL_VALUE:
      return lua_pushnil(lua);
  }
}

class Writer {
 public:
  Writer(lua_State* lua, std::string& out, const char* what) : lua_(lua), json_(out), what_(what) {}

  void object(int index, std::span<const Field> columns, int depth) {
    const int table = enter(index, depth);
    json_.open('{');
    for (const Field& column : columns) {
      lua_pushlstring(lua_, column.name.data(), column.name.size());
      lua_rawget(lua_, table);
      if (!lua_isnil(lua_, -1)) {
        json_.key(column.name);
        value(&column, depth);
      }
      lua_pop(lua_, 1);
    }
    for (const std::string_view name : other_names(table, columns)) {
      lua_pushlstring(lua_, name.data(), name.size());
      lua_rawget(lua_, table);
      json_.key(name);
      value(nullptr, depth);
      lua_pop(lua_, 1);
    }
    json_.close('}');
  }

 private:
  int enter(int index, int depth) {
    if (depth > kMaxDepth)
      luaL_error(lua_, "the %s is nested too deeply (a table that holds itself?)", what_);
    luaL_checkstack(lua_, 8, "a table is nested too deeply");
    return lua_absindex(lua_, index);
  }

  // The names of the table at `table` that are no column. They live as long as its keys.
  std::vector<std::string_view> other_names(int table, std::span<const Field> columns) {
    std::vector<std::string_view> names;
    lua_pushnil(lua_);
    while (lua_next(lua_, table) != 0) {
      lua_pop(lua_, 1);
      if (lua_type(lua_, -1) != LUA_TSTRING) mixed();
      std::size_t length = 0;
      const char* text = lua_tolstring(lua_, -1, &length);
      const std::string_view name(text, length);
      Sandbox::of(lua_).charge(length / kBytesPerWork);
      if (std::ranges::find(columns, name, &Field::name) == columns.end()) names.push_back(name);
    }
    Sandbox::of(lua_).charge(names.size());
    std::ranges::sort(names);
    return names;
  }

  // What the keys of the table on top of the stack make it.
  struct Shape {
    std::uint64_t keys = 0;
    lua_Integer last = 0;  // greatest list position; the list may have holes, which are nulls
    bool names = false;
  };
  Shape shape_of_top() {
    constexpr std::uint64_t kMoreHolesThanKeys = 8;
    Shape shape;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      ++shape.keys;
      const lua_Integer position = lua_isinteger(lua_, -1) != 0 ? lua_tointeger(lua_, -1) : 0;
      if (position > 0) {
        shape.last = std::max(shape.last, position);
      } else {
        shape.names = true;
      }
    }
    Sandbox::of(lua_).charge(shape.keys);
    if (shape.names && shape.last > 0) mixed();
    if (static_cast<std::uint64_t>(shape.last) > 2 * shape.keys + kMoreHolesThanKeys) {
      luaL_error(lua_, "the %s has a list with more holes than elements", what_);
    }
    return shape;
  }

  void mixed() {
    luaL_error(lua_,
               "the %s has a table with both names and list items, which JSON has no form for",
               what_);
  }

  void list(lua_Integer length, const Field* element, int depth) {
    const int table = enter(-1, depth);
    json_.open('[');
    for (lua_Integer i = 1; i <= length; ++i) {
      lua_rawgeti(lua_, table, i);
      value(element, depth);
      lua_pop(lua_, 1);
    }
    json_.close(']');
  }

  // The table on top of the stack. An empty one is a list unless it is declared as an object.
  void table(const Field* field, int depth) {
    const bool declared_list = field != nullptr && field->type == FieldType::list;
    const bool declared_object = field != nullptr && field->type == FieldType::object;
    const Shape shape = shape_of_top();
    if (shape.last > 0 || (shape.keys == 0 && !declared_object)) {
      return list(shape.last, declared_list ? field->members.data() : nullptr, depth + 1);
    }
    object(-1, declared_object ? std::span<const Field>(field->members) : std::span<const Field>(),
           depth + 1);
  }

  // The value on top of the stack.
  void value(const Field* field, int depth) {
    switch (lua_type(lua_, -1)) {
      case LUA_TNIL:
        return json_.null();
      case LUA_TBOOLEAN:
        return json_.value(lua_toboolean(lua_, -1) != 0);
      case LUA_TNUMBER:
        return number();
      case LUA_TSTRING: {
        std::size_t length = 0;
        const char* text = lua_tolstring(lua_, -1, &length);
        Sandbox::of(lua_).charge(length / kBytesPerWork);  // C++ memory that the state does not see
        return json_.value(std::string_view(text, length));
      }
      case LUA_TTABLE:
        return table(field, depth);
      default:
        luaL_error(lua_, "the %s holds a %s, which JSON has no form for", what_,
                   luaL_typename(lua_, -1));
    }
  }

  void number() {
    if (lua_isinteger(lua_, -1) != 0) return json_.value(lua_tointeger(lua_, -1));
    const double number = lua_tonumber(lua_, -1);
    if (!std::isfinite(number)) luaL_error(lua_, "the %s holds a number that is not finite", what_);
    // 6 / 2 is 3.0 in Lua; a column of whole numbers takes 3.
    constexpr double kExact = 9007199254740992;  // 2^53
    if (number == std::floor(number) && std::fabs(number) <= kExact) {
      return json_.value(static_cast<std::int64_t>(number));
    }
    json_.value(number);
  }

  lua_State* lua_;
  JsonWriter json_;
  const char* what_;  // "answer", "row"
};

}  // namespace

void push_object(lua_State* lua, dom::parser& parser, std::string_view text) {
  dom::object object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) {
    luaL_error(lua, "not a JSON object");
  }
  push_table(lua, object);
}

void append_object(lua_State* lua, int index, std::span<const Field> columns, std::string& out) {
  Writer(lua, out, "answer").object(index, columns, 0);
}

void append_row(lua_State* lua, int index, std::string& out) {
  if (lua_rawlen(lua, index) > 0) luaL_error(lua, "a row is a table of fields, not a list");
  Writer(lua, out, "row").object(index, {}, 0);
}

}  // namespace sluice::dsl
