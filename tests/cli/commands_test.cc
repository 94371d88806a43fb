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
    EXPECT_THAT(reference, HasSubstr("| `sluice " + name + " "))
        << "docs/reference.md, The command";
    EXPECT_EQ(world.sluice({name, "--help"}).status, 0);
  }
}

}  // namespace
}  // namespace sluice::cli
