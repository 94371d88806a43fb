// What s.embed makes of the endpoints that follow it: they are asked for vectors, in packs of the
// size that all of them take.
//
// Threads: as the Lua state.
#pragma once

#include <lua.hpp>
#include <span>

#include "dsl/node.h"
#include "stages/spec.h"

namespace sluice::dsl {

// Completes `question`, which has an s.embed, once its endpoints are known. Raises into Lua where
// one of them cannot do that, or has an option that means nothing there. `marks`: of the endpoints'
// models, in their order; `has_parse`: s.parse has a function.
void fit_endpoints(lua_State* lua, stages::PipelineSpec& question, std::span<const Mark> marks,
                   bool has_parse);

}  // namespace sluice::dsl
