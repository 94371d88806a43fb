// From what a test file returns to its cases.
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>

#include "dsl/test_file.h"

namespace sluice::dsl {

// Reads the value on top of the stack and puts the list of the functions in its place. Raises a Lua
// error where it is no list of cases.
TestCases read_test_cases(lua_State* lua);

}  // namespace sluice::dsl
