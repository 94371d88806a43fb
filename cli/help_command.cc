// sluice help and sluice version: what --help and --version print, for those who type it so.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/version.h"
#include "shell/help_text.h"
#include "shell/standard_streams.h"
#include "shell/usage.h"

namespace sluice::cli {
namespace {

int help(const CLI::App& app, const std::string& name) {
  if (name.empty()) {
    fmt::print("{}", app.get_formatter()->make_help(&app, "sluice", CLI::AppFormatMode::Normal));
    return 0;
  }
  for (const CLI::App* command : shell::listed_commands(app)) {
    if (command->get_name() != name) continue;
    fmt::print("{}", command->help("sluice"));
    return 0;
  }
  shell::say(fmt::format("sluice: {}\n`sluice help` lists the commands\n",
                         shell::unknown_command(app, name)));
  return 2;
}

}  // namespace

void add_help_command(CLI::App& app, int& exit_status) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("help", "This text, or that of a command");
  command->add_option("COMMAND", *name, "One of the commands; without it, all of them are listed")
      ->type_name("COMMAND");
  command->footer(shell::help_footer("", {{"sluice help", ""}, {"sluice help run", ""}}));
  command->callback([name, &app, &exit_status] { exit_status = help(app, *name); });
}

void add_version_command(CLI::App& app, int& exit_status) {
  CLI::App* command = app.add_subcommand("version", "The version, also by --version and -V");
  command->footer(shell::help_footer("", {{"sluice version", ""}}));
  command->callback([&exit_status] {
    fmt::print("sluice {}\n", kVersion);
    exit_status = 0;
  });
}

}  // namespace sluice::cli
