// `require`, and the module `sluice` that it gives.
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>

namespace sluice::dsl {

// Opens both in a state whose loader is set (dsl/arguments.h).
void open_module(lua_State* lua);

// Compiles `source` and pushes its chunk; ends the load with a mistake that points at the offending
// token.
void push_chunk(lua_State* lua, const script::Source& source);

}  // namespace sluice::dsl
