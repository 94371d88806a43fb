// The global variables that a compiled Lua file reads and assigns by their names, as the
// instructions say: so a local of the same name, or a field, is none.
//
// Threads: any. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::script {

struct GlobalNames {
  struct Use {
    std::string name;
    int line = 0;
  };
  std::vector<Use> read_in_functions;  // not by the file's own statements; in the code's order
  std::set<std::string> assigned;      // anywhere
};

// Of a dump with debug information (lua_dump() without strip) in the format of Lua 5.4; empty for
// another. Not found is a name among a function's constants beyond the first 256.
GlobalNames global_names(std::string_view dump);

}  // namespace sluice::script
