// Every mistake in a pipeline file gives one message that points at it. The cases stand in
// fixtures/*.md: a pipeline file, what is beside it, and the message, verbatim.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "scratch.h"

namespace sluice::dsl {
namespace {

struct Case {
  std::string title;
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> parameters;
  std::string message;
};

std::vector<Case> read_cases(const std::string& file) {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/tests/dsl/fixtures/" + file);
  std::vector<Case> cases;
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("## ")) cases.push_back({line.substr(3), {}, {}, {}});
    if (!line.starts_with("```")) continue;
    const std::string info = line.substr(3);
    std::string block;
    while (std::getline(in, line) && line != "```") block += line + "\n";
    Case& now = cases.back();
    if (info == "error") {
      now.message = block;
    } else if (info == "set") {
      const std::size_t equals = block.find('=');
      now.parameters[block.substr(0, equals)] = block.substr(equals + 1, block.size() - equals - 2);
    } else {
      now.files[info.substr(info.find(' ') + 1)] = block;
    }
  }
  return cases;
}

class Mistakes : public testing::TestWithParam<std::string> {};

TEST_P(Mistakes, AreShownWhereTheyStand) {
  const std::vector<Case> cases = read_cases(GetParam());
  ASSERT_FALSE(cases.empty());
  for (const Case& now : cases) {
    SCOPED_TRACE(now.title);
    const Scratch scratch;
    for (const auto& [name, content] : now.files) scratch.write(name, content);
    const auto loaded = scratch.load(now.parameters);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, core::ErrorCode::pipeline);
    EXPECT_EQ(loaded.error().text() + "\n", now.message);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Mistakes,
                         testing::Values("options.md", "files.md", "lua.md", "money.md",
                                         "recipes.md"),
                         [](const auto& fixture) {
                           return fixture.param.substr(0, fixture.param.find('.'));
                         });

TEST(Mistake, OfAMissingFileNamesTheFile) {
  const auto loaded = load("/nowhere/job.lua", {});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().text(),
            "/nowhere/job.lua: error: cannot read '/nowhere/job.lua': No such file or directory\n"
            "       | give the path of a pipeline file");
}

TEST(Mistake, OfAFolderInsteadOfAFile) {
  const auto loaded = load("/tmp", {});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().message, testing::HasSubstr("it is not a regular file"));
}

TEST(Mistake, OfATextThatIsTooLarge) {
  const Scratch scratch;
  scratch.write("big.md", std::string((1u << 20) + 1, 'x'));
  const auto loaded = scratch.load_text("local s = require 'sluice'\nlocal t = s.file 'big.md'\n");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().text(),
              testing::StartsWith("pipeline.lua:2:18: error: 'big.md' is larger than 1 MiB\n"));
}

TEST(Mistake, OfBytecodeIsRefused) {
  const Scratch scratch;
  const auto loaded = scratch.load_text("\x1bLua\x54\x00 whatever");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().text(),
              testing::StartsWith("pipeline.lua:1:1: error: this is not Lua source text\n"));
}

TEST(Mistake, NeverShowsAKeyThatStandsInTheFile) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(
      "local s = require 'sluice'\n"
      "local e = s.openai { model = 'm', key = 'sk-0123456789abcdef', rmp = 5 }\n");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().text(),
            "pipeline.lua:2:64: error: unknown option 'rmp' for openai\n"
            "     2 | local e = s.openai { model = 'm', key = '*******************', rmp = 5 }\n"
            "       |                                                                ^^^ did you "
            "mean 'rpm'?");
}

}  // namespace
}  // namespace sluice::dsl
