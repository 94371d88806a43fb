// Exit statuses and words for wrong usage and wrong pipeline files. (tests/dsl has every mistake.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

TEST(Usage, HelpAndVersionSucceed) {
  const World world;
  EXPECT_THAT(world.sluice({"--help"}).output, HasSubstr("never pays twice"));
  EXPECT_EQ(world.sluice({"--help"}).status, 0);
  EXPECT_EQ(world.sluice({"--version"}).output, "sluice 0.1.0\n");
}

TEST(Usage, WrongUsageExitsWithTwo) {
  const World world;
  EXPECT_EQ(world.sluice({}).status, 2);
  EXPECT_EQ(world.sluice({"frobnicate"}).status, 2);
  EXPECT_EQ(world.sluice({"run"}).status, 2);
  EXPECT_EQ(world.sluice({"run", "job.lua", "--set", "novalue"}).status, 2);
  EXPECT_EQ(world.sluice({"mock", "--error-500", "7"}).status, 2);
}

TEST(Check, SaysOkOrPointsAtTheMistake) {
  const World world;
  world.make_job(5);
  const auto good = world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.output, "job.lua: ok: job 'job', 5 rows a request, to 127.0.0.1:1/mock\n");

  world.write("bad.lua", "local s = require \"sluice\"\nreturn s.pipeline {\n  nmae = \"x\",\n}\n");
  const auto bad = world.sluice({"check", "bad.lua"});
  EXPECT_EQ(bad.status, 3);
  EXPECT_THAT(bad.errors, HasSubstr("bad.lua:3:3: error: unknown option 'nmae' for pipeline\n"
                                    "     3 |   nmae = \"x\",\n"
                                    "       |   ^^^^ did you mean 'name'?"));
}

TEST(Check, NeedsNoSecret) {
  const World world;
  world.make_job(1, "key = s.secret \"SLUICE_TEST_UNSET\"");
  EXPECT_EQ(world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"}).status,
            0);
  const auto run = world.sluice({"run", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(run.status, 3);
  EXPECT_THAT(run.errors, HasSubstr("export SLUICE_TEST_UNSET="));
}

TEST(Status, OfAJobThatNeverRanSaysSo) {
  const World world;
  world.make_job(1);
  const auto status = world.sluice({"status", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(status.status, 5);
  EXPECT_THAT(status.errors, HasSubstr(".sluice/job"));
}

TEST(Run, SaysThatTheInputIsMissing) {
  const World world;
  world.make_job(1);
  const auto run = world.sluice({"run", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("in.jsonl: there is no such input file"));
}

}  // namespace
}  // namespace sluice::cli
