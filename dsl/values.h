// JSON ↔ Lua. A row becomes a table (null is absent, whole numbers are integers, those beyond 64
// bits big_number.h's), a table becomes JSON: an empty one is a list where nothing declares it as
// an object. A number that comes back unchanged is written as it was: 1.10, not 1.1.
//
// Threads: as the Lua state. Errors are raised into Lua.
#pragma once

#include <simdjson.h>

#include <lua.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/field.h"

namespace sluice::dsl {

// How numbers stand that would be written otherwise by their value: of the objects that were
// pushed, whose texts outlive this.
class WrittenNumbers {
 public:
  void add(std::string_view name, double value, std::string_view text);
  // The text of a number under `name`. By its value alone where that is no whole number, and all
  // that have it are written alike; empty when there is none.
  std::string_view find(std::string_view name, double value) const;

 private:
  struct Number {
    std::string name;
    double value;
    std::string_view text;
  };
  std::vector<Number> numbers_;
};

// Pushes the JSON object `text` as a table; raises an error when it is none. `parser` is reused
// from call to call.
void push_object(lua_State* lua, simdjson::dom::parser& parser, std::string_view text,
                 WrittenNumbers& written);

// Appends the table at `index`, an answer, as a JSON object: `columns` in their order where it has
// them, then its other names in byte order.
void append_object(lua_State* lua, int index, std::span<const answer::Field> columns,
                   const WrittenNumbers& written, std::string& out);

// Appends the table at `index`, a row, as a JSON object with its names in byte order.
void append_row(lua_State* lua, int index, const WrittenNumbers& written, std::string& out);

// Append the table at `index` as a JSON object with its names in byte order, or as a list. `what` it
// is, for errors.
void append_table(lua_State* lua, int index, const char* what, std::string& out);
void append_list(lua_State* lua, int index, const char* what, std::string& out);

}  // namespace sluice::dsl
