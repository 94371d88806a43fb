// The files of prices that a pipeline file or the environment names.
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>
#include <span>
#include <vector>

#include "dsl/node.h"
#include "stages/spec.h"

namespace sluice::dsl {

// Gives each endpoint without a price of its own that of its question's file, where the file has the
// model. `marks`: of each question's dispatch (Node::marks). Ends the load with a mistake where a
// file cannot be read, or is not one of prices.
void take_prices(lua_State* lua, stages::JobSpec& job, std::span<const std::vector<Mark>> marks);

}  // namespace sluice::dsl
