// The completion scripts and the man page: read by the shells that they are for, where these are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct Shell {
  World world;
  explicit Shell(const std::string& name) {
    world.write("script", world.sluice({"completions", name}).output);
    world.write("tickets.lua", "");
    world.write("notes.txt", "");
    std::filesystem::create_directory(world.path("jobs"));
  }
  std::vector<std::string> run(const std::vector<std::string>& arguments) const {
    Process process(world.path(""), "shell", arguments);
    EXPECT_EQ(process.wait(), 0) << process.errors();
    EXPECT_EQ(process.errors(), "");
    return lines_of(process.output());
  }
};

// What bash offers for `words`, the last of which is being typed.
std::vector<std::string> in_bash(const Shell& shell, const std::vector<std::string>& words) {
  std::vector<std::string> arguments = {
      "/bin/bash", "-c",
      "source ./script; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _sluice; "
      "[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"",
      "bash"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return shell.run(arguments);
}

TEST(Completions, BashCompletesCommandsOptionsValuesAndFiles) {
  const Shell shell("bash");
  EXPECT_THAT(in_bash(shell, {"sluice", "ru"}), ElementsAre("run"));
  EXPECT_THAT(in_bash(shell, {"sluice", ""}),
              testing::IsSupersetOf({"run", "mock", "completions"}));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", "--li"}),
              UnorderedElementsAre("--lib", "--limit", "--listen", "--linger"));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", "x.lua", "--log", ""}), ElementsAre("text", "json"));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", "--log", "=", "j"}), ElementsAre("json"));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", "--log", "="}), ElementsAre("text", "json"));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", ""}), ElementsAre("jobs", "tickets.lua"));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", "--lib", ""}), ElementsAre("jobs"));
  EXPECT_THAT(in_bash(shell, {"sluice", "export", "--to", "n"}), ElementsAre("notes.txt"));
  EXPECT_THAT(in_bash(shell, {"sluice", "run", "--limit", ""}), IsEmpty());
  EXPECT_THAT(in_bash(shell, {"sluice", "help", "st"}), ElementsAre("status"));
  EXPECT_THAT(in_bash(shell, {"sluice", "completions", "z"}), ElementsAre("zsh"));
}

TEST(Completions, ZshAndFishTakeTheirScripts) {
  const Shell zsh("zsh");
  EXPECT_THAT(zsh.world.read("script"), HasSubstr("'--log=[Progress and summary\\: for people"));
  if (std::filesystem::exists("/usr/bin/zsh")) {
    zsh.run({"/usr/bin/zsh", "-f", "-n", "script"});
    zsh.run({"/usr/bin/zsh", "-f", "-c",
             "autoload -U compinit; compinit -u -D; source ./script; "
             "[ \"$_comps[sluice]\" = _sluice ]"});
  }
  const Shell fish("fish");
  EXPECT_THAT(fish.world.read("script"), HasSubstr(" -l log -x -a 'text json' "));
  if (std::filesystem::exists("/usr/bin/fish")) {
    const auto offered = [&](const std::string& typed) {
      return fish.run({"/usr/bin/env", "HOME=" + fish.world.path(""), "/usr/bin/fish", "-N", "-c",
                       "source script; complete -C '" + typed + "'"});
    };
    EXPECT_THAT(offered("sluice ru"), ElementsAre("run\tRun the job, or resume it"));
    EXPECT_THAT(offered("sluice run --log "),
                UnorderedElementsAre(testing::StartsWith("text\t"), testing::StartsWith("json\t")));
    EXPECT_THAT(offered("sluice run t"), Contains("tickets.lua"));
  }
}

TEST(Completions, TheManPageHasEveryCommandAndOption) {
  const World world;
  const std::string page = world.sluice({"completions", "man"}).output;
  EXPECT_THAT(page, testing::ContainsRegex("\n\\.TH SLUICE 1 "));
  EXPECT_THAT(page,
              HasSubstr("\n.SS \\fBsluice run\\fR \\fIFILE\\fR\nRun the job, or resume it\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-\\-log\\fR \\fItext|json\\fR\nProgress and summary"));
  EXPECT_THAT(page, HasSubstr(".nf\n  sluice run tickets.lua "));
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with('.') && !line.starts_with('\'')) continue;
    EXPECT_THAT(line, testing::ContainsRegex("^\\.(\\\\\"|TH|SH|SS|TP|PP|nf|fi)")) << line;
  }
}

}  // namespace
}  // namespace sluice::cli
