// JSON as text: what of simdjson the rest of the folder needs.
//
// Threads: any.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace sluice::rehearse {

std::string json_of(const simdjson::dom::element& value);
// The value of a field of the object `line`, as JSON; empty when it has none.
std::string value_of(std::string_view line, std::string_view field);

}  // namespace sluice::rehearse
