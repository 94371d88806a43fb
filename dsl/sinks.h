// The sinks of a job: one of them is its file of lines, where it can be; the others are delivered to from
// there (stages/deliver/deliver.h).
//
// Threads: as the Lua state.
#pragma once

#include <span>
#include <string>

#include "dsl/node.h"
#include "stages/spec.h"

namespace sluice::dsl {

// Whether a run can append to what lies there, line by line, and cut it back: JSON lines, CSV or TSV, not
// compressed, on this machine.
bool can_be_appended(const std::string& path);

// What `sinks` say together, in their order; at least one. `directory`: the question's checkpoint. Raises
// the mistake of a later one that says what only the first may.
void join_sinks(lua_State* lua, std::span<const Node* const> sinks, stages::PipelineSpec& question);

}  // namespace sluice::dsl
