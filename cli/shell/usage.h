// What is said about a command line that cannot be followed: what is wrong, and what to type.
//
// Threads: any; plain functions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace sluice::shell {

// `app` has failed with `error` at `arguments`, the program's name not among them. One or two lines,
// each with its end.
std::string explain_usage(const CLI::App& app, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments);

// "there is no command 'runn'; did you mean 'run'?"
std::string unknown_command(const CLI::App& app, std::string_view name);

}  // namespace sluice::shell
