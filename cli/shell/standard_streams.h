// The three streams that every program is given, or not: a closed one must not become the number of
// the next file that is opened, or progress lines are written into a checkpoint.
//
// Threads: the main one.
#pragma once

#include <string_view>

namespace sluice::shell {

// First in main(). Where one is closed, /dev/null takes its place: what is written there is gone,
// and what is read there fails.
void occupy_standard_streams();

// To standard error, which may be gone: then nobody is told, and nothing else happens.
void say(std::string_view text);

// Last in main(): the exit status, which becomes 5 when what was printed could not be written.
// Whoever has read enough (a closed pipe) is no failure.
int close_output(int exit_status);

}  // namespace sluice::shell
