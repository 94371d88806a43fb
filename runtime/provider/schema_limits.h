// Strict schema modes of hosted services take a part of JSON Schema and answer anything else with
// status 400, for every request. Which limits they refuse differs; those become words in the
// `description`, so that the model still knows them (and the parse stage checks them anyway).
// Plain functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "provider/profile.h"

namespace sluice::provider {

// `schema` with the limits that are not taken turned into words. What is no JSON, and what has
// nothing to turn, comes back as it is; so does the result, when it is given again.
std::string with_limits_described(std::string_view schema, SchemaKeywords taken);

}  // namespace sluice::provider
