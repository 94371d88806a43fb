// By what names questions are known: two prompts of which XXH3-128 makes one, as anybody can make
// them, are two questions; and a checkpoint of format 4, which used such names, goes on without
// asking anything again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hash.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

// See tests/core/hash_test.cc.
std::string prompt(const char* first, const char* second) {
  std::string made(832, '.');
  made.replace(448, 8, first + std::string("xy\xC3\x81:&L"));
  made.replace(704, 9, second + std::string("xy\xC3\xA9\xDE\xAC\xD8\xA8"));
  return made;
}
std::string row(const std::string& id, const std::string& text) {
  return R"({"id":")" + id + R"(","text":")" + text + "\"}\n";
}
const std::string kRowA = row("A", prompt("a", "b"));
const std::string kRowB = row("B", prompt("b", "a"));

class Names : public testing::Test {
 protected:
  // A job of 34 rows, the last of them A, that format 4's last sluice has run to its end: two rows
  // with the same key and text, one more with the same text, and one reject.
  void take_old_job() {
    Process tar(world_.path(""), "tar",
                {"/usr/bin/env", "tar", "-xzf",
                 SLUICE_SOURCE_DIR "/tests/cli/commands/fixtures/format4.tar.gz"});
    ASSERT_EQ(tar.wait(), 0) << tar.errors();
    ASSERT_EQ(world_.lines("in.jsonl").size(), 34u);
  }
  // Runs the job to its end, with the one row rejected; how many rows the mock was asked for.
  std::uint64_t asked_by_run() const {
    const std::uint64_t before = world_.mock_stats().rows;
    const auto ended = world_.sluice(world_.run_job());
    EXPECT_EQ(ended.status, 1) << ended.errors;
    return world_.mock_stats().rows - before;
  }
  void audit(const std::string& counts) const {
    const auto ended = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
    EXPECT_THAT(ended.output, testing::HasSubstr(counts));
  }
  World world_;
};

TEST_F(Names, TwoPromptsThatXxh3TakesForOneAreEachAsked) {
  ASSERT_EQ(core::hash128(prompt("a", "b")), core::hash128(prompt("b", "a")));
  world_.make_job(1);
  world_.start_mock();
  world_.write("in.jsonl", kRowA + kRowB);
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 2u);
  EXPECT_EQ(world_.lines("out.jsonl").size(), 2u);
  audit("2 in the input = 2 answered");
}

TEST_F(Names, OneThatComesInALaterRunIsAskedToo) {
  world_.make_job(1);
  world_.start_mock();
  world_.write("in.jsonl", kRowA);
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  world_.write("in.jsonl", kRowB + kRowA);
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 2u);
}

TEST_F(Names, AJobOfFormat4IsShownAndExportedAsItIs) {
  take_old_job();
  audit("34 in the input = 33 answered + 1 rejected + 0 pending");
  const auto exported = world_.sluice({"export", "job.lua", "--set", "base_url=http://none", "--to",
                                       "all.jsonl", "--columns", "all"});
  EXPECT_EQ(exported.output, "job: 33 answers written to all.jsonl\n") << exported.errors;
  EXPECT_THAT(world_.lines("all.jsonl").front(),
              testing::StartsWith(R"({"id":"T-0","text":"row number 0 with)"));
}

TEST_F(Names, AJobOfFormat4GoesOnAndAsksNothingAgain) {
  take_old_job();
  const std::string output = world_.read("out.jsonl");
  world_.start_mock();
  EXPECT_EQ(asked_by_run(), 0u);
  EXPECT_EQ(world_.read("out.jsonl"), output);
  audit("34 in the input = 33 answered + 1 rejected + 0 pending");
  EXPECT_EQ(asked_by_run(), 0u) << "by its present names, now";
  audit("34 in the input = 33 answered + 1 rejected + 0 pending");
}

TEST_F(Names, AJobOfFormat4GivesAnAnswerToNoOtherPromptOfTheSameOldName) {
  take_old_job();
  world_.start_mock();
  world_.write("in.jsonl", kRowB + world_.read("in.jsonl") +
                               row("new", "row number 5 with some text to look at"));
  EXPECT_EQ(asked_by_run(), 1u) << "B, not the new row with an answered text";
  audit("36 in the input = 35 answered + 1 rejected + 0 pending");
  EXPECT_EQ(asked_by_run(), 0u);
}

TEST_F(Names, AnotherOutputOfAJobOfFormat4AsksNothing) {
  take_old_job();
  world_.start_mock();
  std::string job = world_.read("job.lua");
  job.replace(job.find("\"out.jsonl\""), 11, "\"other.jsonl\", keep = \"row\"");
  world_.write("job.lua", job);
  EXPECT_EQ(asked_by_run(), 0u);
  EXPECT_EQ(world_.lines("other.jsonl").size(), 33u);
  audit("34 in the input = 33 answered + 1 rejected + 0 pending");
}

TEST_F(Names, RejectsOfAJobOfFormat4CanBeTakenBack) {
  take_old_job();
  world_.start_mock();
  ASSERT_EQ(world_.sluice({"redo", "job.lua", "--set", "base_url=http://none"}).status, 0);
  audit("34 in the input = 33 answered + 0 rejected + 1 pending");
  EXPECT_EQ(asked_by_run(), 0u);
  audit("34 in the input = 33 answered + 1 rejected + 0 pending");
}

}  // namespace
}  // namespace sluice::cli
