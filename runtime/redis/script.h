// A Lua script that the server runs as one step. It is called by its SHA-1, and sent whole only to a server that
// does not know it.
//
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>

namespace sluice::redis {

struct Script {
  std::string text;
  std::string sha1;  // in hex, as EVALSHA wants it
};

Script make_script(std::string_view text);

}  // namespace sluice::redis
