// Completions for shells and the man page, made from the table of commands and options that the
// parser uses (the CLI::App and the conventions of help_text.h), so that they cannot differ from it.
//
// Threads: any; plain functions, no I/O. The scripts run nothing but the shell's own functions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::shell {

// What may stand where a value is expected.
enum class Completes : std::uint8_t {
  nothing,   // a number, a name: the shell offers nothing
  choice,    // one of a few words
  pipeline,  // a Lua file, or a folder on the way to one
  file,
  folder,
};
struct Argument {
  std::vector<std::string> names;  // "--log"; of a positional none
  std::string value;               // "text|json"; of a flag empty
  std::string description;
  Completes completes = Completes::nothing;
  std::vector<std::string> choices;
  bool repeats = false;
};
struct Command {
  std::string name;
  std::string description;
  std::vector<Argument> options;
  std::vector<Argument> positionals;
};
// The commands that --help lists; `options` of the program itself come first, as the command "".
std::vector<Command> commands_of(const CLI::App& app);

std::string bash_completions(const CLI::App& app);
std::string zsh_completions(const CLI::App& app);
std::string fish_completions(const CLI::App& app);
// In man(7)'s macros.
std::string man_page(const CLI::App& app, std::string_view version);

}  // namespace sluice::shell
