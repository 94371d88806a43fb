#include "shell/usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/printable.h"
#include "script/diagnostic.h"
#include "shell/help_text.h"

namespace sluice::shell {
namespace {

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string text = script::did_you_mean(word, views, "");
  return text.empty() ? text : "; " + text;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string unexpected(const CLI::App& command, const std::string& argument) {
  const std::string shown = core::printable(argument);
  if (!argument.starts_with('-')) return fmt::format("'{}' is one argument too many", shown);
  const std::string name = argument.substr(0, argument.find('='));
  return fmt::format("there is no option '{}'{}", core::printable(name),
                     suggestion(name, option_names(command)));
}

// CLI11's texts begin with the option's name, of which it may know several.
std::string without_short_name(const std::string& text) {
  const std::size_t comma = text.find(",--");
  return text.starts_with('-') && comma == 2 ? text.substr(3) : text;
}

// The name of an error may be that of the subcommand; its code is always its own.
bool is(const CLI::ParseError& error, CLI::ExitCodes code) {
  return error.get_exit_code() == static_cast<int>(code);
}

std::string missing(const CLI::App& command, std::string what) {
  constexpr std::string_view kEnd = " is required";
  if (what.ends_with(kEnd)) what.resize(what.size() - kEnd.size());
  const std::string example = first_example(command);
  return fmt::format("{} is missing{}", what,
                     example.empty() ? "" : fmt::format(", as in: {}", example));
}

std::string explain(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  std::string what = without_short_name(error.what());
  if (is(error, CLI::ExitCodes::ExtrasError)) {
    const auto extras = app.remaining(true);
    const auto option = std::ranges::find_if(
        extras, [](const std::string& argument) { return argument.starts_with('-'); });
    if (option != extras.end()) return unexpected(command, *option);
    if (!extras.empty()) return unexpected(command, extras.front());
  }
  if (is(error, CLI::ExitCodes::RequiredError)) return missing(command, what);
  if (is(error, CLI::ExitCodes::ArgumentMismatch)) {
    const std::string name = what.substr(0, what.find(':'));
    const CLI::Option* option = name.starts_with('-') ? command.get_option_no_throw(name) : nullptr;
    if (option != nullptr && option->get_type_size() != 0)
      return fmt::format("{} needs a value: {} {}", name, name, value_name(*option));
  }
  return what;
}

}  // namespace

std::string unknown_command(const CLI::App& app, std::string_view name) {
  std::vector<std::string> names;
  for (const CLI::App* command : listed_commands(app)) names.push_back(command->get_name());
  return fmt::format("there is no command '{}'{}", core::printable(name), suggestion(name, names));
}

std::string explain_usage(const CLI::App& app, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    const auto word = std::ranges::find_if(
        arguments, [](const std::string& argument) { return !argument.starts_with('-'); });
    const std::string text =
        word == arguments.end()
            ? (arguments.empty() ? "a command is missing" : unexpected(app, arguments.front()))
            : unknown_command(app, *word);
    return fmt::format("sluice: {}\n`sluice help` lists the commands\n", text);
  }
  const CLI::App& command = *chosen.front();
  return fmt::format("sluice {}: {}\n`sluice help {}` shows what it takes\n", command.get_name(),
                     explain(app, command, error), command.get_name());
}

}  // namespace sluice::shell
