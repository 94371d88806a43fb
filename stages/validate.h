// What a row must be before anything is spent on it: s.validate, as a step and as the last look
// before the question.
//
// Threads: any.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "core/reject.h"
#include "core/row.h"
#include "stages/spec.h"

namespace sluice::stages {

// Why `row` (parsed: `object`) may not go on.
std::optional<core::Reject> validate(const ValidateSpec& spec, const core::Row& row,
                                     const simdjson::dom::object& object);

// A script's word on a row: `reason`, or "script_error" for an error in the function.
core::Reject script_reject(core::Stage stage, ScriptFailure failure, std::string reason);

}  // namespace sluice::stages
