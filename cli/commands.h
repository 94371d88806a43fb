// The subcommands: a file each (NAME_command.cc), and a line in commands.cc.
#pragma once

#include <CLI/CLI.hpp>
#include <span>

namespace sluice::cli {

// Adds a subcommand to the parser. When it was chosen, its callback leaves the exit status
// (docs/reference.md, The command) in `exit_status`.
using AddCommand = void(CLI::App& app, int& exit_status);

// In the order of --help.
std::span<AddCommand* const> commands();

}  // namespace sluice::cli
