// sluice completions: scripts for shells, and the man page.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/version.h"
#include "shell/completions.h"
#include "shell/help_text.h"

namespace sluice::cli {

void add_completions_command(CLI::App& app, int& exit_status) {
  auto kind = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completions", "Print the completion script of a shell, or the man page");
  shell::restrict_to(
      command->add_option("SHELL", *kind, "bash, zsh, fish, or man for the man page")->required(),
      {"bash", "zsh", "fish", "man"});
  command->footer(shell::help_footer(
      "A package has them in their places already.",
      {{"sluice completions bash >~/.local/share/bash-completion/completions/sluice", ""},
       {"sluice completions zsh >~/.zfunc/_sluice", "a folder of fpath"},
       {"sluice completions fish >~/.config/fish/completions/sluice.fish", ""},
       {"sluice completions man | man -l -", ""}}));
  command->callback([kind, &app, &exit_status] {
    const std::string text = *kind == "bash"   ? shell::bash_completions(app)
                             : *kind == "zsh"  ? shell::zsh_completions(app)
                             : *kind == "fish" ? shell::fish_completions(app)
                                               : shell::man_page(app, kVersion);
    fmt::print("{}", text);
    exit_status = 0;
  });
}

}  // namespace sluice::cli
