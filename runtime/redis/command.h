// A command for a Redis server.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "redis/script.h"

namespace sluice::redis {

struct Command {
  std::vector<std::string> words;
  // Doing it twice comes to the same as doing it once: it is sent again when the connection was lost before
  // its reply.
  bool idempotent = false;
  core::Duration timeout = {};  // from here to the reply, zero: Settings::command_timeout
  // EVALSHA alone: what is sent in its place when the server does not know the script.
  std::shared_ptr<const Script> script = {};
};

// EVALSHA with the script behind it, which is loaded where the server does not have it.
Command call(std::shared_ptr<const Script> script, const std::vector<std::string>& keys,
             std::vector<std::string> arguments, bool idempotent = false);

// As it is sent.
std::string encode(const std::vector<std::string>& words);

}  // namespace sluice::redis
