// A page that is also a test: its fenced blocks are files and what a terminal shows.
//
//   ```lua NAME       a file of that name is written (any language, as long as a name follows)
//   ```console        each line that begins with "$ " is run by sh in the page's folder, with sluice
//                     on the path; the lines after it are what it prints, standard error included
//
// Other blocks are passed over.
#pragma once

#include <string>
#include <vector>

#include "tests/cli/world.h"

namespace sluice::cli {

struct Command {
  int line = 0;  // in the page
  std::string text;
  std::string output;  // as the page has it
};

// Writes the page's files and runs its commands in their order; gives what differs, a text for each
// command, empty when the page is right.
std::vector<std::string> wrong_in_page(const World& world, const std::string& path);

// What sh prints for `command` in the world's folder, standard error included.
std::string shell(const World& world, const std::string& command);

}  // namespace sluice::cli
