// A page that is also a test: its fenced blocks are files and what a terminal shows.
//
//   ```lua NAME       a file of that name is written (any language, as long as a name follows)
//   ```console        each line that begins with "$ " is run by sh in the page's folder, with sluice
//                     on the path, to the end of what "\" continues; the lines after it are what it
//                     prints, standard error included. Its exit status must be 0: a page shows
//                     another by `|| echo "exit status $?"`
//   ```console NAME   the same, with NAME as the commands' folder, below the page's
//
// Other blocks are passed over. "$ sluice mock --port N … &" starts a mock at a free port, to the
// page's end; files and commands after it that name 127.0.0.1:N mean that port. The page's folder is
// /home/me there. Progress and what depends on the moment (times, rates, sizes of memory) are left out
// of the comparison, and a line "…" of the page stands for any number of lines. With
// SLUICE_REGENERATE=1 the page is written again with what its commands print now: to be read as a diff.
#pragma once

#include <string>
#include <vector>

#include "tests/cli/world.h"

namespace sluice::cli {

// Writes the page's files and runs its commands in their order; gives what differs, a text for each
// command, empty when the page is right.
std::vector<std::string> wrong_in_page(const World& world, const std::string& path);

// What sh prints for `command` in the world's folder, standard error included.
std::string shell(const World& world, const std::string& command);

}  // namespace sluice::cli
