#include <fmt/format.h>
#include <fmt/ranges.h>

#include "shell/completions.h"
#include "shell/help_text.h"

namespace sluice::shell {
namespace {

// Text of a man page: a backslash, a hyphen and a line that begins like a macro would be read as
// something else.
std::string roff(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '.' || c == '\'') && (i == 0 || text[i - 1] == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string option_text(const Argument& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + roff(name) + "\\fR");
  std::string head = fmt::format("{}", fmt::join(names, ", "));
  if (option.names.empty())
    head = "\\fI" + roff(option.value) + "\\fR";
  else if (!option.value.empty())
    head += " \\fI" + roff(option.value) + "\\fR";
  return fmt::format(".TP\n{}\n{}\n", head, roff(option.description));
}

// A footer of help_text.h: its notes as text, its examples as they stand.
std::string footer_text(const std::string& footer) {
  const std::size_t examples = footer.find("Examples:\n");
  std::string text;
  const std::string notes = footer.substr(0, std::min(examples, footer.size()));
  if (!notes.empty())
    text += ".PP\n" + roff(notes.substr(0, notes.find_last_not_of('\n') + 1)) + '\n';
  if (examples != footer.npos)
    text += ".PP\n.nf\n" + roff(footer.substr(footer.find('\n', examples) + 1)) + "\n.fi\n";
  return text;
}

}  // namespace

std::string man_page(const CLI::App& app, std::string_view version) {
  const std::vector<Command> commands = commands_of(app);
  std::string text = fmt::format(
      ".\\\" Made by `sluice completions man`.\n"
      ".TH SLUICE 1 \"\" \"sluice {}\" \"User Commands\"\n"
      ".SH NAME\nsluice \\- run a language model over millions of rows\n"
      ".SH SYNOPSIS\n\\fBsluice\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] \\fIFILE\\fR\n"
      ".SH DESCRIPTION\n{}\n",
      roff(version), roff(app.get_description()));
  text += footer_text(app.get_footer()) + ".SH OPTIONS\n";
  for (const Argument& option : commands.front().options) text += option_text(option);
  text += ".SH COMMANDS\n";
  const auto listed = listed_commands(app);
  for (std::size_t k = 1; k < commands.size(); ++k) {
    const Command& command = commands[k];
    std::string usage = "\\fBsluice " + roff(command.name) + "\\fR";
    for (const Argument& positional : command.positionals)
      usage += " \\fI" + roff(positional.value) + "\\fR" + (positional.repeats ? "..." : "");
    text += fmt::format(".SS {}\n{}\n", usage, roff(command.description));
    for (const Argument& positional : command.positionals) text += option_text(positional);
    for (const Argument& option : command.options)
      if (option.names.back() != "--help") text += option_text(option);
    text += footer_text(listed[k - 1]->get_footer());
  }
  return text +
         ".SH SEE ALSO\nThe pages in /usr/share/doc/sluice: README, docs/reference.md, "
         "docs/pipeline\\-options.md\n";
}

}  // namespace sluice::shell
