// Integers of a row that Lua's 64 bits cannot hold: a value that keeps the digits as they stand in
// the row. tostring() and .. give these digits, and where such a value comes back in a row or an
// answer it is written with them. Arithmetic and comparisons take it for the nearest double, which
// is then another number. Equal digits are one value, also as a key of a table.
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>
#include <optional>
#include <string_view>

namespace sluice::script {

// `digits`: of JSON, with a sign or without.
void push_big_number(lua_State* lua, std::string_view digits);

// Its digits, as long as the value lives; nullopt when another value stands at `index`.
std::optional<std::string_view> to_big_number(lua_State* lua, int index);

}  // namespace sluice::script
