// A job cuts and overwrites only what it has written itself, whatever stands under its output's
// name; and nobody else writes there meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t kRows = 20;

class OwnFiles : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(kRows);
    make_job_to("out.jsonl");
    world_.start_mock();
  }
  // With its checkpoint at an absolute path, so that it is the same from every folder.
  void make_job(const std::string& sink, const std::string& colour = "red") const {
    world_.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline { name = "job", checkpoint = { dir = ")lua" +
                                world_.path("checkpoint") + R"lua(" },
  s.read { ")lua" + world_.path("in.jsonl") +
                                R"lua(", key = "id" },
  s.pack { rows = 1, system = "Say )lua" +
                                colour + R"lua(.", user = "{{text}}" },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
  s.sink { )lua" + sink + R"lua( } }
)lua");
  }
  void make_job_to(const std::string& file, const std::string& colour = "red") const {
    make_job('"' + file + '"', colour);
  }

  World::Ended run_in(const std::string& folder) const {
    Process process(
        world_.path(folder), "sluice",
        {SLUICE_PROGRAM, "run", world_.path("job.lua"), "--set", "base_url=" + world_.base_url()});
    World::Ended ended;
    ended.status = process.wait();
    ended.output = process.output();
    ended.errors = process.errors();
    return ended;
  }
  World::Ended run() const { return run_in("."); }
  // Refused for `why`, with `file` untouched and nothing asked.
  void expect_refused(const World::Ended& ended, const std::string& file, const std::string& before,
                      const std::string& why) const {
    EXPECT_EQ(ended.status, 5) << ended.output << ended.errors;
    EXPECT_THAT(ended.errors, HasSubstr(why));
    EXPECT_EQ(world_.read(file), before);
  }

  World world_;
};

TEST_F(OwnFiles, AFileOfAnotherFolderIsNotCutByAJobThatKnowsItsNameAlone) {
  make_job_to("out.jsonl");
  ASSERT_EQ(run().status, 0);
  fs::create_directory(world_.path("elsewhere"));
  for (const std::string& mine :
       {std::string("mine\n"), std::string(world_.read("out.jsonl").size(), 'x'),
        std::string(100'000, 'y')}) {
    world_.write("elsewhere/out.jsonl", mine);
    expect_refused(run_in("elsewhere"), "elsewhere/out.jsonl", mine,
                   "out.jsonl: is not what this job left there");
  }
  const std::string output = world_.read("out.jsonl");
  fs::remove(world_.path("elsewhere/out.jsonl"));
  EXPECT_EQ(run_in("elsewhere").status, 0) << "written there from the checkpoint";
  EXPECT_EQ(world_.read("elsewhere/out.jsonl"), output);
  EXPECT_EQ(world_.mock_stats().requests, kRows);
}

TEST_F(OwnFiles, AFilePutInTheOutputsOrTheRejectsPlaceIsNotCut) {
  make_job_to("out.jsonl");
  ASSERT_EQ(run().status, 0);
  const std::string output = world_.read("out.jsonl");
  world_.write("out.jsonl", "mine\n");
  expect_refused(run(), "out.jsonl", "mine\n", "is not what this job left there");
  make_job_to("out.jsonl", "green");  // a new generation would begin at zero
  expect_refused(run(), "out.jsonl", "mine\n", "is not what this job left there");
  make_job_to("out.jsonl");
  world_.write("out.jsonl", output);
  world_.write("out.rejects.jsonl", "mine\n");
  expect_refused(run(), "out.rejects.jsonl", "mine\n", "already holds something");
  EXPECT_EQ(world_.read("out.jsonl"), output);
  fs::remove(world_.path("out.rejects.jsonl"));
  EXPECT_EQ(run().status, 0);
  EXPECT_EQ(world_.read("out.jsonl"), output);
}

TEST_F(OwnFiles, LinesThatWereAppendedToAnEndedJobsOutputAreNotCut) {
  make_job_to("out.jsonl");
  ASSERT_EQ(run().status, 0);
  const std::string noted = world_.read("out.jsonl") + "my note\n";
  world_.write("out.jsonl", noted);
  expect_refused(run(), "out.jsonl", noted, "out.jsonl: 8 bytes at its end");
  make_job_to("out.jsonl", "green");
  expect_refused(run(), "out.jsonl", noted, "out.jsonl: 8 bytes at its end");
}

TEST_F(OwnFiles, AnOutputThatIsComeBackToIsProvenByWhatItHadThen) {
  make_job_to("a.jsonl");
  ASSERT_EQ(run().status, 0);
  const std::string first = world_.read("a.jsonl");
  make_job_to("b.jsonl");
  ASSERT_EQ(run().status, 0);
  make_job_to("a.jsonl");
  world_.write("a.jsonl", "mine now\n");
  expect_refused(run(), "a.jsonl", "mine now\n", "a.jsonl: is not what this job left there");
  world_.write("a.jsonl", first);
  EXPECT_EQ(run().status, 0);
  EXPECT_EQ(world_.read("a.jsonl"), first);
  EXPECT_EQ(world_.mock_stats().requests, kRows);
}

TEST_F(OwnFiles, ALinkToAFileOfTheUsersIsNotCutThrough) {
  make_job_to("out.jsonl");
  ASSERT_EQ(run().status, 0);
  world_.write("mine.txt", "mine\n");
  fs::remove(world_.path("out.jsonl"));
  fs::create_symlink("mine.txt", world_.path("out.jsonl"));
  expect_refused(run(), "mine.txt", "mine\n", "is not what this job left there");
  fs::remove(world_.path("out.jsonl"));
  fs::create_hard_link(world_.path("mine.txt"), world_.path("out.jsonl"));
  expect_refused(run(), "mine.txt", "mine\n", "is not what this job left there");
}

TEST_F(OwnFiles, AKilledRunsLastLinesAreKnownAndAPersonsAreNot) {
  make_job_to("out.jsonl");
  world_.make_rows(3000);
  {
    const auto run = world_.start(world_.run_job());
    world_.wait_for_requests(300);
    run->signal(SIGKILL);
    run->wait();
  }
  const std::string cut_off = world_.read("out.jsonl");
  world_.write("out.jsonl", cut_off + "\nmy note\n");
  expect_refused(run(), "out.jsonl", cut_off + "\nmy note\n", "out.jsonl: ");
  world_.write("out.jsonl", cut_off);
  EXPECT_EQ(run().status, 0);
  EXPECT_EQ(wrong_with_output(world_, 3000), "");
}

}  // namespace
}  // namespace sluice::cli
