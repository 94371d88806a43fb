// How --help looks: lines of at most 80 columns, "FILE" and "text|json" in place of types, and
// examples at the end. What completes a word and what the man page says is read from the same
// table, the CLI::App, by these conventions:
//
//   type name of an option   FILE a file, DIR a folder, COMMAND a subcommand, a|b|c one of these
//   a positional's name      FILE: a pipeline file
//   footer                   notes, then "Examples:" and a line of two blanks for each
//
// Threads: any; plain functions.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::shell {

// The group of the options that every command with a pipeline file has.
constexpr std::string_view kCommonGroup = "Of every command with a pipeline file";

// Gives `app`, and the subcommands that are added to it afterwards, this look.
void use_help_text(CLI::App& app);

struct Example {
  std::string command;  // "sluice run tickets.lua"
  std::string meaning;  // a few words, or empty
};
// For footer(): `notes` wrapped to 80 columns, then the examples.
std::string help_footer(std::string_view notes, std::initializer_list<Example> examples);
// The first example's command; empty where the footer has none.
std::string first_example(const CLI::App& command);

// What an option takes, in capitals or as a|b|c; empty for a flag.
std::string value_name(const CLI::Option& option);
// The values of an option that takes one of a few; empty for any other.
std::vector<std::string> choices_of(const CLI::Option& option);
// The subcommands that --help lists, in its order.
std::vector<const CLI::App*> listed_commands(const CLI::App& app);

// An option's check: it takes one of `choices`, and its type name lists them.
CLI::Option* restrict_to(CLI::Option* option, std::vector<std::string> choices);

}  // namespace sluice::shell
