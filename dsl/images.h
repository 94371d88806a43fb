// s.pack { images = … }: its options, and what they ask of the endpoints.
//
// Threads: as the Lua state.
#pragma once

#include <span>
#include <vector>

#include "dsl/arguments.h"
#include "dsl/node.h"

namespace sluice::dsl {

// Into `spec`, whose rows are read already.
void read_images(const Arguments& arguments, stages::PackSpec& spec);

// Ends the load where a template gives addresses alone and an endpoint fetches none. `marks`: of each
// question's endpoints.
void check_images(lua_State* lua, const stages::JobSpec& job,
                  std::span<const std::vector<Mark>> marks);

}  // namespace sluice::dsl
