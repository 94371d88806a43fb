// Whether the budgets of a job can be held.
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>
#include <span>
#include <vector>

#include "dsl/node.h"
#include "stages/spec.h"

namespace sluice::dsl {

// `marks`: of each question's dispatch (Node::marks). Ends the load with a mistake where a budget
// covers an endpoint whose price is not known, or is less than one request can cost.
void check_money(lua_State* lua, const stages::JobSpec& job,
                 std::span<const std::vector<Mark>> marks);

}  // namespace sluice::dsl
