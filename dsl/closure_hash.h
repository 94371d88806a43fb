// A name for all that a function of a pipeline file depends on beside its arguments: its code, the
// values that it has closed over, the globals that it names, and what these reach in turn, whatever
// file they come from and however a parameter or a text of s.file came to be in them. Two functions
// with one name do the same; an edit that a function cannot see leaves its name.
//
// Threads: as the Lua state. Call it when the file has been executed and no function called yet:
// what a function changes would be part of its name.
//
// Not told apart: values that s.* made (userdata), which a script cannot look into.
#pragma once

#include <lua.hpp>

#include "core/hash.h"

namespace sluice::dsl {

// Notes what is in the global table now, so that it is known as the sandbox's own: hashes name it
// instead of walking it. Called once, before a file is executed.
void remember_library(lua_State* lua);

// The hash of the function on top of the stack. `all_globals`: whether it may reach globals that
// its code does not name, as through _G. Raises a Lua error when the function depends on something
// that has no content to hash, such as an iterator, or on require or a function of s, which bring
// in what it has not closed over; or when the state's limits are passed.
core::Hash128 closure_hash(lua_State* lua, bool all_globals);

}  // namespace sluice::dsl
