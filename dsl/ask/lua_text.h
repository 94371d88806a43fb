// Values as Lua writes them.
//
// Threads: any; pure functions.
#pragma once

#include <string>
#include <string_view>

namespace sluice::ask {

// In quotes, or, where it has line ends, in long brackets, as a person would write it.
std::string lua_string(std::string_view text);

// What stands before '=' in a table: `name`, or `["na me"]`.
std::string lua_key(std::string_view name);

}  // namespace sluice::ask
