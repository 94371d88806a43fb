// What --help lists, the reference explains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

// The names in the list of subcommands, the last part of the help.
std::vector<std::string> subcommands(const std::string& help) {
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::string line;
  std::getline(lines, line);
  std::vector<std::string> names;
  while (std::getline(lines, line) && line.starts_with("  ")) {
    if (line[2] == ' ') continue;  // an explanation that goes on
    names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

TEST(Commands, StandInTheReferenceEachWithItsHelp) {
  World world;
  const auto help = world.sluice({"--help"});
  ASSERT_EQ(help.status, 0);
  const std::vector<std::string> names = subcommands(help.output);
  ASSERT_THAT(names, testing::IsSupersetOf({"run", "check", "mock"}));
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/reference.md");
  const std::string reference{std::istreambuf_iterator<char>(file), {}};
  for (const std::string& name : names) {
    EXPECT_THAT(reference, testing::AnyOf(HasSubstr("| `sluice " + name + " "),
                                          HasSubstr("| `sluice " + name + "`")))
        << "docs/reference.md, The command";
    const auto own = world.sluice({name, "--help"});
    EXPECT_EQ(own.status, 0);
    EXPECT_THAT(own.output, testing::ContainsRegex("\nExamples:\n  sluice " + name))
        << "its footer";
    EXPECT_EQ(world.sluice({"help", name}).output, own.output);
  }
}

TEST(Commands, HelpFitsEightyColumns) {
  World world;
  const auto help = world.sluice({"--help"});
  std::string all = help.output;
  for (const std::string& name : subcommands(help.output))
    all += world.sluice({name, "--help"}).output;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST(Commands, HelpSaysWhatFileIsAndKeepsCommonOptionsApart) {
  World world;
  const std::string help = world.sluice({"run", "--help"}).output;
  EXPECT_THAT(help, testing::StartsWith("Run the job, or resume it\n"
                                        "Usage: sluice run [OPTIONS] FILE\n\n"
                                        "  FILE                    The pipeline file: Lua"));
  EXPECT_THAT(help, HasSubstr("  --log text|json "));
  EXPECT_THAT(help, HasSubstr("\nOf every command with a pipeline file:\n  --set NAME=VALUE "));
  EXPECT_LT(help.find("--limit"), help.find("Of every command"));
}

TEST(Commands, HelpAndVersionAreCommandsAsWell) {
  World world;
  EXPECT_EQ(world.sluice({"help"}).output, world.sluice({"--help"}).output);
  for (const char* name : {"version", "-V"})
    EXPECT_EQ(world.sluice({name}).output, world.sluice({"--version"}).output);
  const auto unknown = world.sluice({"help", "stats"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_EQ(unknown.errors,
            "sluice: there is no command 'stats'; did you mean 'status'?\n"
            "`sluice help` lists the commands\n");
}

}  // namespace
}  // namespace sluice::cli
