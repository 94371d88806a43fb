#include "dsl/values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "core/json.h"
#include "format/json_value.h"
#include "script/big_number.h"
#include "script/sandbox.h"

namespace sluice::dsl {
namespace {

namespace dom = simdjson::dom;
using answer::Field;
using answer::FieldType;
using core::JsonWriter;

constexpr int kMaxDepth = 100;  // of a table: one that holds itself would never end

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// From a parsed object to a table. `text` is where a value stands, as far as it is needed.
class Pusher {
 public:
  Pusher(lua_State* lua, WrittenNumbers& written) : lua_(lua), written_(written) {}

  void table(dom::object object, std::string_view text) {
    luaL_checkstack(lua_, 4, "row nested too deeply");
    lua_createtable(lua_, 0, static_cast<int>(object.size()));
    const bool own = format::has_own_form(object);
    format::MemberTexts texts(text);
    for (const auto [key, value] : object) {
      const std::string_view here = own ? texts.next() : std::string_view();
      if (value.is_null()) continue;
      lua_pushlstring(lua_, key.data(), key.size());
      push(key, value, here);
      lua_rawset(lua_, -3);
    }
  }

 private:
  void list(std::string_view name, dom::array array, std::string_view text) {
    luaL_checkstack(lua_, 4, "row nested too deeply");
    lua_createtable(lua_, static_cast<int>(array.size()), 0);
    const bool own = format::has_own_form(array);
    format::ElementTexts texts(text);
    lua_Integer i = 0;
    for (const dom::element value : array) {
      const std::string_view here = own ? texts.next() : std::string_view();
      ++i;
      if (value.is_null()) continue;
      push(name, value, here);
      lua_rawseti(lua_, -2, i);
    }
  }

  void push(std::string_view name, dom::element value, std::string_view text) {
    switch (value.type()) {
      case dom::element_type::OBJECT:
        return table(value.get_object().value_unsafe(), text);
      case dom::element_type::ARRAY:
        return list(name, value.get_array().value_unsafe(), text);
      case dom::element_type::STRING: {
        const std::string_view string = value.get_string().value_unsafe();
        lua_pushlstring(lua_, string.data(), string.size());
        return;
      }
      case dom::element_type::INT64: {
        const std::int64_t number = value.get_int64().value_unsafe();
        if (number != 0 || !text.starts_with('-')) return lua_pushinteger(lua_, number);
        return decimal(name, -0.0, format::number_text(text));
      }
      case dom::element_type::UINT64: {  // larger than any Lua integer
        std::string digits;
        format::append_json(digits, value);
        return script::push_big_number(lua_, digits);
      }
      case dom::element_type::DOUBLE: {
        const std::string_view number = format::number_text(text);
        if (number.find_first_of(".eE") == number.npos && !number.empty())
          return script::push_big_number(lua_, number);
        return decimal(name, value.get_double().value_unsafe(), number);
      }
      case dom::element_type::BOOL:
        return lua_pushboolean(lua_, value.get_bool().value_unsafe() ? 1 : 0);
      case dom::element_type::NULL_VALUE:
        return lua_pushnil(lua_);
    }
  }

  void decimal(std::string_view name, double value, std::string_view text) {
    written_.add(name, value, text);
    lua_pushnumber(lua_, value);
  }

  lua_State* lua_;
  WrittenNumbers& written_;
};

class Writer {
 public:
  Writer(lua_State* lua, const WrittenNumbers& written, std::string& out, const char* what)
      : lua_(lua), written_(written), json_(out), what_(what) {}

  void object(int index, std::span<const Field> columns, int depth) {
    const int table = enter(index, depth);
    json_.open('{');
    for (const Field& column : columns) {
      lua_pushlstring(lua_, column.name.data(), column.name.size());
      lua_rawget(lua_, table);
      if (!lua_isnil(lua_, -1)) {
        json_.key(column.name);
        name_ = column.name;
        value(&column, depth);
      }
      lua_pop(lua_, 1);
    }
    for (const std::string_view name : other_names(table, columns)) {
      lua_pushlstring(lua_, name.data(), name.size());
      lua_rawget(lua_, table);
      json_.key(name);
      name_ = name;
      value(nullptr, depth);
      lua_pop(lua_, 1);
    }
    json_.close('}');
  }

  // The table on top of the stack.
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
      script::Sandbox::of(lua_).charge(length / script::kBytesPerWork);
      if (std::ranges::find(columns, name, &Field::name) == columns.end()) names.push_back(name);
    }
    script::Sandbox::of(lua_).charge(names.size());
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
    script::Sandbox::of(lua_).charge(shape.keys);
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
        script::Sandbox::of(lua_).charge(
            length / script::kBytesPerWork);  // C++ memory that the state does not see
        return json_.value(std::string_view(text, length));
      }
      case LUA_TTABLE:
        return table(field, depth);
      case LUA_TUSERDATA:
        if (const auto digits = script::to_big_number(lua_, -1)) return json_.raw(*digits);
        [[fallthrough]];
      default:
        luaL_error(lua_, "the %s holds a %s, which JSON has no form for", what_,
                   luaL_typename(lua_, -1));
    }
  }

  void number() {
    if (lua_isinteger(lua_, -1) != 0) return json_.value(lua_tointeger(lua_, -1));
    const double number = lua_tonumber(lua_, -1);
    if (!std::isfinite(number)) luaL_error(lua_, "the %s holds a number that is not finite", what_);
    if (const std::string_view text = written_.find(name_, number); !text.empty())
      return json_.raw(text);
    // 6 / 2 is 3.0 in Lua; a column of whole numbers takes 3.
    constexpr double kExact = 9007199254740992;  // 2^53
    if (number == std::floor(number) && std::fabs(number) <= kExact) {
      return json_.value(static_cast<std::int64_t>(number));
    }
    json_.value(number);
  }

  lua_State* lua_;
  const WrittenNumbers& written_;
  JsonWriter json_;
  std::string_view name_;  // of the member that is written
  const char* what_;       // "answer", "row"
};

}  // namespace

void WrittenNumbers::add(std::string_view name, double value, std::string_view text) {
  numbers_.push_back({std::string(name), value, text});
}

std::string_view WrittenNumbers::find(std::string_view name, double value) const {
  std::string_view by_value;
  bool alike = value != std::floor(value);
  for (const Number& number : numbers_) {
    if (!same_bits(number.value, value)) continue;
    if (number.name == name) return number.text;
    alike = alike && (by_value.empty() || by_value == number.text);
    by_value = number.text;
  }
  return alike ? by_value : std::string_view();
}

void push_object(lua_State* lua, dom::parser& parser, std::string_view text,
                 WrittenNumbers& written) {
  dom::object object;
  if (format::parse_json(parser, text, object) != simdjson::SUCCESS) {
    luaL_error(lua, "not a JSON object");
  }
  Pusher(lua, written).table(object, text);
}

void append_object(lua_State* lua, int index, std::span<const Field> columns,
                   const WrittenNumbers& written, std::string& out) {
  Writer(lua, written, out, "answer").object(index, columns, 0);
}

void append_row(lua_State* lua, int index, const WrittenNumbers& written, std::string& out) {
  if (lua_rawlen(lua, index) > 0) luaL_error(lua, "a row is a table of fields, not a list");
  Writer(lua, written, out, "row").object(index, {}, 0);
}

const WrittenNumbers kNoNumbers;

void append_table(lua_State* lua, int index, const char* what, std::string& out) {
  if (lua_rawlen(lua, index) > 0)
    luaL_error(lua, "the %s has list items beside its names; is a name missing?", what);
  Writer(lua, kNoNumbers, out, what).object(index, {}, 0);
}

void append_list(lua_State* lua, int index, const char* what, std::string& out) {
  lua_pushvalue(lua, index);
  Writer(lua, kNoNumbers, out, what)
      .list(static_cast<lua_Integer>(lua_rawlen(lua, -1)), nullptr, 0);
  lua_pop(lua, 1);
}

}  // namespace sluice::dsl
