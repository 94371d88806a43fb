#include "shell/help_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "observe/wrap.h"

namespace sluice::shell {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kNames = 26;  // columns of the left side
constexpr std::string_view kExamples = "Examples:";

// A name on the left, its meaning on the right, as many lines as that takes.
std::string entry(const std::string& name, const std::string& meaning) {
  std::string text = "  " + name;
  bool first = name.size() + 4 <= kNames;
  if (!first) text += '\n';
  for (const std::string& line : observe::wrapped(meaning, kWidth - kNames)) {
    text += first ? std::string(kNames - 2 - name.size(), ' ') : std::string(kNames, ' ');
    text += line + '\n';
    first = false;
  }
  if (meaning.empty()) text += '\n';
  return text;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool positional) const override {
    std::string name = positional ? option->get_name(true, false) : option->get_name(false, true);
    if (const auto comma = name.find(','); comma != name.npos) name.insert(comma + 1, " ");
    const std::string value = positional ? "" : value_name(*option);
    if (!value.empty()) name += ' ' + value;
    std::string meaning = option->get_description();
    if (positional) return entry(name, meaning);
    if (option->get_required()) meaning += " (required)";
    if (!option->get_default_str().empty())
      meaning += fmt::format(" (default {})", option->get_default_str());
    return entry(name, meaning);
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description());
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (std::size_t at = 0; (at = text.find("\n\n\n", at)) != text.npos;) text.erase(at, 1);
    return text;
  }
  std::string make_positionals(const CLI::App* app) const override {
    return without_title(CLI::Formatter::make_positionals(app));
  }

 private:
  // "Positionals" is a word that nobody needs: the usage line has just named them.
  static std::string without_title(const std::string& text) {
    const std::size_t end = text.find(":\n");
    return text.empty() || end == text.npos ? text : "\n" + text.substr(end + 2);
  }
};

}  // namespace

void use_help_text(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormatter>());
}

std::string help_footer(std::string_view notes, std::initializer_list<Example> examples) {
  std::string text;
  for (const std::string& line : observe::wrapped(notes, kWidth)) text += line + '\n';
  if (examples.size() == 0) return text;
  if (!text.empty()) text += '\n';
  text += fmt::format("{}\n", kExamples);
  std::size_t width = 0;
  for (const Example& example : examples)
    if (!example.meaning.empty()) width = std::max(width, example.command.size());
  for (const Example& example : examples) {
    if (example.meaning.empty()) {
      text += fmt::format("  {}\n", example.command);
    } else {
      text += fmt::format("  {:<{}}  # {}\n", example.command, width, example.meaning);
    }
  }
  text.pop_back();
  return text;
}

std::string first_example(const CLI::App& command) {
  const std::string footer = command.get_footer();
  const std::size_t title = footer.find(kExamples);
  const std::size_t begin = title == footer.npos ? footer.npos : footer.find("\n  sluice ", title);
  if (begin == footer.npos) return {};
  const std::string line = footer.substr(begin + 3, footer.find('\n', begin + 1) - begin - 3);
  const std::string example = line.substr(0, line.find("  #"));
  return example.substr(0, example.find_last_not_of(' ') + 1);
}

std::string value_name(const CLI::Option& option) {
  if (option.get_type_size() == 0) return {};
  std::string name = option.get_type_name();
  if (const auto colon = name.find(':'); colon != name.npos) name.resize(colon);
  if (name == "TEXT") return "TEXT";
  return name == "UINT" || name == "INT" || name == "FLOAT" ? "N" : name;
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string name = value_name(option);
  std::vector<std::string> choices;
  if (name.find('|') == name.npos) return choices;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('|', begin), name.size());
    std::string choice = name.substr(begin, end - begin);
    if (std::ranges::any_of(choice, [](char c) { return c >= 'a' && c <= 'z'; }))
      choices.push_back(std::move(choice));  // what is in capitals stands for something else
    begin = end + 1;
  }
  return choices;
}

std::vector<const CLI::App*> listed_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) {
    return !command->get_name().empty() && !command->get_group().empty();
  });
}

CLI::Option* restrict_to(CLI::Option* option, std::vector<std::string> choices) {
  option->type_name(fmt::format("{}", fmt::join(choices, "|")));
  return option->check(CLI::Validator(
      [choices](const std::string& text) -> std::string {
        if (std::ranges::find(choices, text) != choices.end()) return {};
        return fmt::format("takes {}, not '{}'", fmt::join(choices, " or "), text);
      },
      ""));
}

}  // namespace sluice::shell
