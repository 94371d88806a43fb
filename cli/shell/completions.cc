#include "shell/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "shell/help_text.h"

namespace sluice::shell {
namespace {

Argument argument_of(const CLI::Option& option, const std::vector<std::string>& command_names) {
  Argument argument;
  const bool positional = option.get_positional();
  if (!positional) {
    for (const std::string& name : option.get_snames()) argument.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) argument.names.push_back("--" + name);
  }
  argument.value = value_name(option);
  argument.description = option.get_description();
  argument.choices = choices_of(option);
  argument.repeats = option.get_expected_max() > 1;
  if (argument.value == "COMMAND") argument.choices = command_names;
  if (!argument.choices.empty())
    argument.completes = Completes::choice;
  else if (argument.value == "FILE")
    argument.completes = positional ? Completes::pipeline : Completes::file;
  else if (argument.value == "DIR")
    argument.completes = Completes::folder;
  return argument;
}

Command command_of(const CLI::App& app, const std::vector<std::string>& command_names) {
  Command command{.name = app.get_parent() != nullptr ? app.get_name() : "",
                  .description = app.get_description(),
                  .options = {},
                  .positionals = {}};
  for (const CLI::Option* option : app.get_options()) {
    auto& place = option->get_positional() ? command.positionals : command.options;
    place.push_back(argument_of(*option, command_names));
  }
  return command;
}

// In single quotes, for bash and zsh.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string words(const std::vector<std::string>& list) {
  return fmt::format("{}", fmt::join(list, " "));
}

// ---- bash

std::string bash_values(const Argument& argument) {
  switch (argument.completes) {
    case Completes::choice:
      return fmt::format("_sluice_words {}", shell_quoted(words(argument.choices)));
    case Completes::pipeline:
      return "_sluice_files '*.lua'";
    case Completes::file:
      return "_sluice_files '*'";
    case Completes::folder:
      return "_sluice_files ''";
    case Completes::nothing:
      break;
  }
  return ":";
}

constexpr std::string_view kBashHead =
    R"bash(# bash completion for sluice: made by `sluice completions bash`.
_sluice_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
# Folders, and the files that fit the pattern.
_sluice_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <({ compgen -d -- "$cur"; [ -z "$1" ] || compgen -f -X "!$1" -- "$cur"; } | sort -u)
}
_sluice() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' i
  COMPREPLY=()
  # --log=json comes as three words.
  if [ "$cur" = = ]; then cur=''; elif [ "$prev" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac
  done
  case "$command $prev" in
)bash";

// ---- zsh

// Inside [...] and after a colon of _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string zsh_action(const Argument& argument) {
  switch (argument.completes) {
    case Completes::choice:
      return fmt::format("({})", words(argument.choices));
    case Completes::pipeline:
      return "_files -g \"*.lua(-.)\"";
    case Completes::file:
      return "_files";
    case Completes::folder:
      return "_files -/";
    case Completes::nothing:
      break;
  }
  return " ";
}

std::string zsh_option(const Argument& option) {
  const std::string value =
      option.value.empty() ? "" : fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
  const std::string description = fmt::format("[{}]", zsh_text(option.description));
  const char* equals = option.value.empty() ? "" : "=";
  if (option.names.size() == 1)
    return shell_quoted(fmt::format("{}{}{}{}{}", option.repeats ? "*" : "", option.names[0],
                                    equals, description, value));
  return fmt::format("{}{{{}}}{}", shell_quoted(fmt::format("({})", words(option.names))),
                     fmt::join(option.names, ","), shell_quoted(description + value));
}

// ---- fish

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "'";
}

std::string fish_values(const Argument& argument) {
  switch (argument.completes) {
    case Completes::choice:
      return fmt::format(" -x -a {}", fish_quoted(words(argument.choices)));
    case Completes::pipeline:
      return " -k -x -a '(__fish_complete_suffix .lua)'";
    case Completes::file:
      return " -r -F";
    case Completes::folder:
      return " -x -a '(__fish_complete_directories)'";
    case Completes::nothing:
      break;
  }
  return argument.value.empty() ? "" : " -x";
}

std::string fish_option(const Argument& option) {
  std::string text;
  for (const std::string& name : option.names)
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  return text + fish_values(option) + " -d " + fish_quoted(option.description);
}

}  // namespace

std::vector<Command> commands_of(const CLI::App& app) {
  const auto listed = listed_commands(app);
  std::vector<std::string> names;
  for (const CLI::App* command : listed) names.push_back(command->get_name());
  std::vector<Command> commands{command_of(app, names)};
  commands.front().name.clear();
  for (const CLI::App* command : listed) commands.push_back(command_of(*command, names));
  return commands;
}

std::string bash_completions(const CLI::App& app) {
  const std::vector<Command> commands = commands_of(app);
  std::string text(kBashHead);
  for (const Command& command : commands)
    for (const Argument& option : command.options)
      for (const std::string& name : option.names)
        if (!option.value.empty())
          text += fmt::format("    {}) {}; return ;;\n", shell_quoted(command.name + " " + name),
                              bash_values(option));
  text += "  esac\n  case $command in\n";
  std::vector<std::string> command_names;
  for (std::size_t k = 1; k < commands.size(); ++k) command_names.push_back(commands[k].name);
  for (const Command& command : commands) {
    std::vector<std::string> names;
    for (const Argument& option : command.options)
      names.insert(names.end(), option.names.begin(), option.names.end());
    const std::string values =
        command.name.empty() ? fmt::format("_sluice_words {}", shell_quoted(words(command_names)))
        : command.positionals.empty() ? ":"
                                      : bash_values(command.positionals.front());
    text += fmt::format(
        "    {})\n      case $cur in\n        -*) _sluice_words {} ;;\n"
        "        *) {} ;;\n      esac ;;\n",
        shell_quoted(command.name), shell_quoted(words(names)), values);
  }
  return text + "  esac\n}\ncomplete -F _sluice sluice\n";
}

std::string zsh_completions(const CLI::App& app) {
  const std::vector<Command> commands = commands_of(app);
  std::string text =
      "#compdef sluice\n"
      "# zsh completion for sluice: made by `sluice completions zsh`.\n"
      "_sluice() {\n"
      "  local curcontext=$curcontext state state_descr line\n"
      "  typeset -A opt_args\n"
      "  local -a commands=(\n";
  for (std::size_t k = 1; k < commands.size(); ++k)
    text += fmt::format("    {}\n",
                        shell_quoted(commands[k].name + ":" + zsh_text(commands[k].description)));
  text += "  )\n  _arguments -C \\\n";
  for (const Argument& option : commands.front().options)
    text += fmt::format("    {} \\\n", zsh_option(option));
  text +=
      "    '1:command:->command' '*::argument:->argument'\n"
      "  case $state in\n"
      "    command) _describe -t commands command commands ;;\n"
      "    argument)\n"
      "      curcontext=${curcontext%:*:*}:sluice-$line[1]:\n"
      "      case $line[1] in\n";
  for (std::size_t k = 1; k < commands.size(); ++k) {
    text += fmt::format("        {})\n          _arguments", commands[k].name);
    for (const Argument& option : commands[k].options)
      text += fmt::format(" \\\n            {}", zsh_option(option));
    for (const Argument& positional : commands[k].positionals)
      text += fmt::format(
          " \\\n            {}",
          shell_quoted(fmt::format("{}:{}:{}", positional.repeats ? "*" : "",
                                   zsh_text(positional.value), zsh_action(positional))));
    text += " ;;\n";
  }
  return text +
         "      esac ;;\n"
         "  esac\n"
         "}\n"
         // Sourced, or loaded by name from fpath.
         "if [ \"$funcstack[1]\" = _sluice ]; then _sluice \"$@\"; else compdef _sluice sluice; "
         "fi\n";
}

std::string fish_completions(const CLI::App& app) {
  const std::vector<Command> commands = commands_of(app);
  std::string text =
      "# fish completion for sluice: made by `sluice completions fish`.\ncomplete -c sluice -f\n";
  for (const Argument& option : commands.front().options)
    text += fmt::format("complete -c sluice -n __fish_use_subcommand{}\n", fish_option(option));
  for (std::size_t k = 1; k < commands.size(); ++k) {
    const Command& command = commands[k];
    text += fmt::format("complete -c sluice -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        fish_quoted(command.description));
    const std::string head =
        fmt::format("complete -c sluice -n '__fish_seen_subcommand_from {}'", command.name);
    for (const Argument& option : command.options) text += head + fish_option(option) + '\n';
    for (const Argument& positional : command.positionals)
      if (positional.completes != Completes::nothing) text += head + fish_values(positional) + '\n';
  }
  return text;
}

}  // namespace sluice::shell
