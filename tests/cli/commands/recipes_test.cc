// Every recipe, from a file of three lines, against the mock; and the page about them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/transcript.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kPage = SLUICE_SOURCE_DIR "/docs/recipes.md";

// The calls in the page's blocks, by the recipe's name.
std::map<std::string, std::string> calls() {
  std::ifstream page{std::string(kPage)};
  std::map<std::string, std::string> calls;
  for (std::string line; std::getline(page, line);) {
    if (line != "```lua recipe") continue;
    std::getline(page, line);
    calls[line.substr(0, line.find(' '))] = line;
  }
  return calls;
}

// Those in the folder.
std::vector<std::string> recipes() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/pipelines/recipes")) {
    const std::string name = entry.path().stem();
    if (name != "options" && name != "text" && !name.ends_with("_test")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

class Recipes : public testing::Test {
 protected:
  World world_;
};

TEST_F(Recipes, EachRunsFromThreeLinesAgainstTheMock) {
  const auto call = calls();
  world_.start_mock();
  for (const std::string& name : recipes()) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(call.contains(name)) << "docs/recipes.md shows how each is called";
    world_.write(
        "rows.jsonl",
        R"({"id":1,"subject":"Invoice","body":"Twice, says Ann.","left":"a","right":"b","company":"Acme","city":"Rome"}
{"id":2,"subject":"Crash","body":"It broke.","left":"a","right":"c","company":"Other","city":"Rome"}
)");
    world_.write("job.lua",
                 "local s, " + name + " = require \"sluice\", require \"sluice.recipes." + name +
                     "\"\nlocal model = s.openai { model = \"mock\", base_url = s.param "
                     "\"base_url\" }\nreturn s.pipeline { name = \"" +
                     name + "\", s.read { \"rows.jsonl\", key = \"id\" }, " + call.at(name) +
                     ", s.dispatch { model }, s.sink { \"" + name + ".jsonl\" } }\n");
    const auto ended = world_.sluice(world_.run_job());
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors
                               << world_.read(name + ".rejects.jsonl");
    EXPECT_EQ(world_.lines(name + ".jsonl").size(), 2u);
  }
}

TEST_F(Recipes, EachHasATestBesideIt) {
  for (const std::string& name : recipes())
    EXPECT_TRUE(
        std::filesystem::exists(SLUICE_SOURCE_DIR "/pipelines/recipes/" + name + "_test.lua"))
        << name << " (Testing.TheShippedPipelinesPassTheirOwn runs it)";
}

TEST_F(Recipes, ThePageIsRight) {
  EXPECT_THAT(wrong_in_page(world_, std::string(kPage)), testing::IsEmpty());
  const auto checked = world_.sluice({"check", "tickets.lua"});
  EXPECT_EQ(checked.status, 0) << checked.errors;
}

TEST_F(Recipes, FoldersOfYourOwnAreGivenByOptionOrEnvironment) {
  std::filesystem::create_directories(world_.path("team/a"));
  std::filesystem::create_directories(world_.path("more"));
  const std::string recipe =
      "local s = require 'sluice'\nreturn function(user) return s.pack { "
      "user = user } end\n";
  world_.write("team/ask.lua", recipe);
  world_.write("more/other.lua", recipe);
  world_.write("job.lua", R"lua(local s = require "sluice"
require "other"
return s.pipeline { name = "x", s.read { "in.jsonl" }, (require "ask")("{{a}}"),
  s.dispatch { s.vllm { model = "m", base_url = "http://127.0.0.1:1/v1" } }, s.sink { "out.jsonl" } }
)lua");
  EXPECT_THAT(shell(world_, "sluice check job.lua"),
              testing::HasSubstr("--lib FOLDER or SLUICE_LIB adds another folder"));
  EXPECT_THAT(shell(world_, "sluice check --lib team --lib more job.lua"),
              testing::HasSubstr("job.lua: ok"));
  EXPECT_THAT(shell(world_, "SLUICE_LIB=team:more sluice check job.lua"),
              testing::HasSubstr("job.lua: ok"));
  EXPECT_THAT(shell(world_, "SLUICE_LIB=more sluice check --lib team job.lua"),
              testing::HasSubstr("job.lua: ok"));
  EXPECT_THAT(shell(world_, "SLUICE_LIB=more:nowhere sluice check --lib team job.lua"),
              testing::HasSubstr("SLUICE_LIB names the folder 'nowhere', which is not there"));
}

}  // namespace
}  // namespace sluice::cli
