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

constexpr std::size_t kJobLines = 20;

class OwnFiles : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(kJobLines);
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

  // A copy of the file in `folder`: its output is there, its checkpoint where it always is.
  World::Ended run_in(const std::string& folder) const {
    if (folder != ".")
      fs::copy_file(world_.path("job.lua"), world_.path(folder + "/job.lua"),
                    fs::copy_options::overwrite_existing);
    Process process(world_.path(folder), "sluice",
                    {SLUICE_PROGRAM, "run", "job.lua", "--set", "base_url=" + world_.base_url()});
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
  EXPECT_EQ(world_.mock_stats().requests, kJobLines);
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
  EXPECT_EQ(world_.mock_stats().requests, kJobLines);
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

// What a job may not read, in every command alike, before anything is asked.
class OwnInput : public OwnFiles {
 protected:
  void expect_wrong(const std::string& why) const {
    const std::vector<std::string> set = {"--set", "base_url=" + world_.base_url()};
    for (const std::string command : {"check", "run", "audit"}) {
      const auto ended = world_.sluice({command, "job.lua", set[0], set[1]});
      EXPECT_EQ(ended.status, 3) << command << ended.output << ended.errors;
      EXPECT_THAT(ended.errors, HasSubstr(why)) << command;
    }
    EXPECT_EQ(world_.mock_stats().requests, 0u);
  }
  // A plain job that reads `input` and writes `sink`.
  void make_plain_job(const std::string& input, const std::string& sink) const {
    world_.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline { name = "job",
  s.read { ")lua" + input + R"lua(", key = "id" },
  s.pack { rows = 1, user = "{{text}}" },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
  s.sink { )lua" + sink + R"lua( } }
)lua");
  }
};

TEST_F(OwnInput, APatternThatFitsTheOutputIsRefusedAtOnce) {
  fs::create_directory(world_.path("data"));
  fs::rename(world_.path("in.jsonl"), world_.path("data/in.jsonl"));
  make_plain_job("data/*.jsonl", "\"data/out.jsonl\"");
  expect_wrong("data/*.jsonl: this pattern of s.read fits the output of this job");
  EXPECT_FALSE(fs::exists(world_.path("data/out.jsonl")));
  make_plain_job("data/*.jsonl", "\"out.jsonl\", rejects = \"data/rejects.jsonl\"");
  expect_wrong("fits the rejects file of this job (data/rejects.jsonl)");
  make_plain_job("data/*.jsonl", "\"out.jsonl\"");
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 0);
}

TEST_F(OwnInput, LinksToTheOutputAreTheOutput) {
  fs::create_directory(world_.path("data"));
  fs::rename(world_.path("in.jsonl"), world_.path("data/in.jsonl"));
  make_plain_job("data/*.jsonl", "\"out.jsonl\"");
  world_.write("out.jsonl", "");
  fs::create_symlink("../out.jsonl", world_.path("data/link.jsonl"));
  expect_wrong("data/link.jsonl: is the output of this job (out.jsonl) under another name");
  fs::remove(world_.path("data/link.jsonl"));
  fs::create_hard_link(world_.path("out.jsonl"), world_.path("data/link.jsonl"));
  expect_wrong("data/link.jsonl: is the output of this job (out.jsonl) under another name");
}

TEST_F(OwnInput, StandardInputThatIsTheOutputIsNotRead) {
  make_plain_job("in.jsonl", "\"out.jsonl\"");
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  make_plain_job("-", "\"out.jsonl\"");
  Process process(world_.path(""), "shell",
                  {"/bin/sh", "-c", "exec \"$0\" run job.lua --set base_url=$1 <out.jsonl",
                   SLUICE_PROGRAM, world_.base_url()});
  EXPECT_EQ(process.wait(std::chrono::seconds(20)), 5);
  EXPECT_THAT(process.errors(),
              HasSubstr("standard input: this input is a file that the job itself "
                        "writes"));
  EXPECT_EQ(world_.lines("out.jsonl").size(), kJobLines);
}

TEST_F(OwnInput, OutputAndRejectsInOneFileAreRefused) {
  make_plain_job("in.jsonl", "\"out.jsonl\", rejects = \"./out.jsonl\"");
  expect_wrong("are one file: give each a name of its own");
  world_.write("out.jsonl", "");
  fs::create_hard_link(world_.path("out.jsonl"), world_.path("r.jsonl"));
  make_plain_job("in.jsonl", "\"out.jsonl\", rejects = \"r.jsonl\"");
  expect_wrong("are one file: give each a name of its own");
}

TEST_F(OwnFiles, ASecondJobOnTheSameOutputIsRefusedWhileTheFirstRuns) {
  const std::string rows = world_.read("in.jsonl");
  fs::remove(world_.path("in.jsonl"));
  ASSERT_EQ(::mkfifo(world_.path("in.jsonl").c_str(), 0600), 0);
  make_job_to("out.jsonl");
  const auto first = world_.start(world_.run_job());
  std::ofstream input(world_.path("in.jsonl"));  // the first has opened its files
  world_.write("rows.jsonl", rows);
  world_.write("second.lua", R"lua(
local s = require "sluice"
return s.pipeline { name = "second",
  s.read { "rows.jsonl", key = "id" },
  s.pack { rows = 1, user = "{{text}}" },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
  s.sink { "./out.jsonl", rejects = "second.jsonl" } }
)lua");
  const std::vector<std::string> second = {"run", "second.lua", "--set",
                                           "base_url=" + world_.base_url()};
  const auto refused = world_.sluice(second);
  EXPECT_EQ(refused.status, 5) << refused.output;
  EXPECT_THAT(refused.errors, testing::ContainsRegex("./out.jsonl: is being written by (process "
                                                     "[0-9]+|another process). Wait for it"));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  input << rows;
  input.close();
  EXPECT_EQ(first->wait(), 0) << first->errors();
  EXPECT_EQ(wrong_with_output(world_, kJobLines), "");
  const auto after = world_.sluice(second);
  EXPECT_EQ(after.status, 5) << "it is the first one's file";
  EXPECT_THAT(after.errors, HasSubstr("already holds something that this job did not write"));
}

}  // namespace
}  // namespace sluice::cli
