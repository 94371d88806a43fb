// A compiled Lua function as lua_dump() writes it, read so that it can be compared: without the
// line numbers, which it has even when it is stripped, so that a comment further up changes
// nothing.
//
// Source for the format: ldump.c and lundump.c of Lua 5.4.
//
// Threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::script {

struct Code {
  // Of the function and those inside it, without line numbers and without where the outermost
  // function's upvalues come from.
  std::string bytes;
  std::vector<std::string> strings;  // its constants that are text: names of globals among them
};

// nullopt when `dump` is not a stripped function in the format of Lua 5.4.
std::optional<Code> read_code(std::string_view dump);

}  // namespace sluice::script
