// sluice init: the job that it writes runs at once, and nothing is written over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/transcript.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

TEST(Init, WritesAJobWhoseTestsPassAndWhichRunsAtTheMock) {
  World world;
  const auto made = world.sluice({"init", "first/job"});
  EXPECT_EQ(made.status, 0) << made.errors;
  EXPECT_EQ(made.output, R"(wrote first/job/tickets.jsonl
wrote first/job/tickets.lua
wrote first/job/tickets_test.lua

Next:
  cd first/job
  sluice test tickets.lua                # its tests: no network, no key
  sluice mock --port 8080 &              # a provider to practise on
  sluice run tickets.lua --set at=mock   # answers in out/mock.jsonl
  export OPENAI_API_KEY=…                # then ask the model:
  sluice run tickets.lua                 # answers in out/openai.jsonl
)");
  EXPECT_THAT(shell(world, "cd first/job && sluice test tickets.lua"),
              HasSubstr("tickets_test.lua: 3 passed, 0 failed"));
  EXPECT_THAT(shell(world, "cd first/job && sluice check tickets.lua; echo exit $?"),
              HasSubstr("exit 0"));
  world.start_mock();
  EXPECT_THAT(shell(world, "cd first/job && sluice run tickets.lua --set at=mock --set mock=" +
                               world.base_url() + "; echo exit $?"),
              HasSubstr("exit 0"));
  EXPECT_EQ(world.lines("first/job/out/mock.jsonl").size(), 8u);
}

TEST(Init, WritesOverNothing) {
  const World world;
  world.write("tickets.lua", "mine");
  const auto refused = world.sluice({"init"});
  EXPECT_EQ(refused.status, 5);
  EXPECT_EQ(refused.errors,
            "sluice: tickets.lua: is there already, and sluice init writes over nothing; give "
            "another folder: sluice init DIR\n");
  EXPECT_EQ(world.read("tickets.lua"), "mine");
  EXPECT_TRUE(world.lines("tickets.jsonl").empty()) << "none of the files, then";
}

}  // namespace
}  // namespace sluice::cli
