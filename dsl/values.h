// JSON ↔ Lua. A row becomes a table (null is absent, whole numbers are integers), a table becomes
// JSON: an empty one is a list where nothing declares it as an object.
//
// Threads: as the Lua state. Errors are raised into Lua.
#pragma once

#include <simdjson.h>

#include <lua.hpp>
#include <span>
#include <string>
#include <string_view>

#include "stages/field.h"

namespace sluice::dsl {

// Pushes the JSON object `text` as a table; raises an error when it is none. `parser` is reused
// from call to call.
void push_object(lua_State* lua, simdjson::dom::parser& parser, std::string_view text);

// Appends the table at `index`, an answer, as a JSON object: `columns` in their order where it has
// them, then its other names in byte order.
void append_object(lua_State* lua, int index, std::span<const stages::Field> columns,
                   std::string& out);

// Appends the table at `index`, a row, as a JSON object with its names in byte order.
void append_row(lua_State* lua, int index, std::string& out);

}  // namespace sluice::dsl
