// sluice rejects: the table, the rows, and the lines for programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class RejectsCommand : public testing::Test {
 protected:
  RejectsCommand() {
    world_.write("in.jsonl",
                 "{\"id\":\"T-0\",\"text\":\"fine\"}\nno json\n{\"id\":\"T-1\"}\n"
                 "{\"id\":\"T-2\"}\n{\"text\":\"no key\"}\n");
    world_.make_job(1);
    world_.start_mock();
  }
  World::Ended rejects(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"rejects", "job.lua", "--set", "base_url=http://none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  World world_;
};

TEST_F(RejectsCommand, CountsByReasonAndThenNamesEachRow) {
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  const auto all = rejects();
  EXPECT_EQ(all.status, 0) << all.errors;
  EXPECT_THAT(all.output, testing::StartsWith("job: 4 rows rejected\n"
                                              "  reason         stage             rows\n"
                                              "  missing_field  pack                 2\n"
                                              "  no_key         read                 1\n"
                                              "  not_json       read                 1\n"));
  EXPECT_THAT(
      all.output,
      HasSubstr("\n  \"T-2\"  missing_field in pack\n"
                "    the template needs the field 'text', which this row lacks (it has: id)\n"));
  EXPECT_THAT(all.output, HasSubstr("\n  \"no json\"  not_json in read\n"));
}

TEST_F(RejectsCommand, AReasonPicksItsRowsOnly) {
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  const auto some = rejects({"--reason", "no_key"});
  EXPECT_THAT(some.output, HasSubstr("job: 1 row rejected\n"));
  EXPECT_THAT(some.output, HasSubstr("{\"text\":\"no key\"}  no_key in read\n"));
  EXPECT_THAT(some.output, Not(HasSubstr("T-1")));
  EXPECT_EQ(rejects({"--reason", "no_kee"}).output, "job: no rejects for the reason 'no_kee'\n");
}

TEST_F(RejectsCommand, JsonIsTheLinesOfTheRejectsFile) {
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  EXPECT_EQ(rejects({"--json"}).output, world_.read("out.rejects.jsonl"));
}

TEST_F(RejectsCommand, TellsWhatWasTriedBefore) {
  world_.write("in.jsonl", "{\"id\":\"T-0\",\"text\":\"a\"}\n");
  world_.start_mock({"--garble", "1"});
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  const auto all = rejects();
  EXPECT_THAT(all.output, HasSubstr("\n  \"T-0\"  bad_answer in parse\n"
                                    "    the answer is not one JSON object: "));
  EXPECT_THAT(all.output, HasSubstr("    before: the answer is not one JSON object: "));
}

TEST_F(RejectsCommand, WhatAModelWroteDoesNotSteerTheTerminal) {
  world_.write("in.jsonl", "\x1b[2Jno json\n");
  const auto stopped = world_.sluice(world_.run_job());
  EXPECT_EQ(stopped.status, 3);
  EXPECT_THAT(stopped.output + stopped.errors, Not(HasSubstr("\x1b")));
  auto arguments = world_.run_job();
  arguments.emplace_back("--keep-going");
  const auto ended = world_.sluice(arguments);
  ASSERT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output + ended.errors, Not(HasSubstr("\x1b")));
  EXPECT_THAT(rejects().output, Not(HasSubstr("\x1b")));
}

TEST_F(RejectsCommand, AJobWithoutRejectsSaysSo) {
  world_.make_rows(3);
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(rejects().output, "job: no rejects\n");
  EXPECT_EQ(rejects({"--json"}).output, "");
}

TEST_F(RejectsCommand, AJobThatNeverRanSaysSo) {
  const auto ended = rejects();
  EXPECT_EQ(ended.status, 5);
  EXPECT_THAT(ended.errors, HasSubstr("the job was never run here"));
}

}  // namespace
}  // namespace sluice::cli
