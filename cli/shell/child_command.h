// A command of the user's, run by the shell to its end.
//
// Threads: the main one, which waits.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "shell/signals.h"

namespace sluice::shell {

struct ChildCommand {
  std::string command;                                              // as `sh -c` takes it
  std::string input;                                                // its standard input
  std::vector<std::pair<std::string, std::string>> variables = {};  // on top of this process's
  core::Duration longest = std::chrono::seconds(30);
};

// What it prints goes to standard error. It has a process group of its own, which is ended (SIGTERM, and SIGKILL after two
// seconds) when it takes longer, or at the first signal. ErrorCode::io, in words that go on from the command's name, unless
// its status is 0.
core::Status run_command(const ChildCommand& command, StopSignal& signal);

}  // namespace sluice::shell
