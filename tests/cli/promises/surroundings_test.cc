// What surrounds the program: closed or full streams, a terminal that texts of others must not
// steer, and who may read what it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class Surroundings : public testing::Test {
 protected:
  Surroundings() {
    world_.make_rows(200);
    world_.make_job(3);
    world_.start_mock();
  }
  // `sluice` by a shell that does `before` and redirects as `streams` says.
  World::Ended shell(const std::string& before, const std::string& streams,
                     std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {"/bin/sh", "-c", before + "exec \"$0\" \"$@\" " + streams, SLUICE_PROGRAM});
    Process process(world_.path(""), "shell", arguments);
    World::Ended ended;
    ended.status = process.wait(std::chrono::seconds(30));
    ended.output = process.output();
    ended.errors = process.errors();
    return ended;
  }
  unsigned mode_of(const std::string& name) const {
    struct stat info{};
    EXPECT_EQ(::stat(world_.path(name).c_str(), &info), 0) << name;
    return info.st_mode & 0777;
  }
  World world_;
};

TEST_F(Surroundings, ClosedStreamsAreNotTakenForFilesOfTheJob) {
  for (const char* streams : {"<&- >&- 2>&-", ">&- 2>&-", "2>&-", "<&-"}) {
    const auto run = shell("", streams, world_.run_job());
    EXPECT_EQ(run.status, 0) << streams << run.errors;
    EXPECT_EQ(wrong_with_output(world_, 200), "") << streams;
    const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
    EXPECT_EQ(audit.status, 0) << streams << audit.output << audit.errors;
    std::filesystem::remove_all(world_.path(".sluice"));
    std::filesystem::remove(world_.path("out.jsonl"));
    std::filesystem::remove(world_.path("out.rejects.jsonl"));
  }
}

TEST_F(Surroundings, AClosedStandardInputIsNoEmptyInput) {
  std::string job = world_.read("job.lua");
  job.replace(job.find("\"in.jsonl\""), 10, "\"-\"");
  world_.write("job.lua", job);
  const auto run = shell("", "<&-", world_.run_job());
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("-: cannot read the input: Bad file descriptor"));
}

TEST_F(Surroundings, OutputThatCannotBeWrittenIsTold) {
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  const auto full = shell("", ">/dev/full", {"status", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(full.status, 5);
  EXPECT_THAT(full.errors, HasSubstr("cannot write to standard output: No space left on device"));
}

TEST_F(Surroundings, AnErrorStreamThatNobodyReadsStopsNoRun) {
  // The reader of the pipe has gone before the program writes to it.
  const auto run = shell("", "2>&1 | true; wait", world_.run_job());
  const auto again = shell("", "2>&1 | true; wait", world_.run_job());
  EXPECT_EQ(again.status, 0);
  const auto next = world_.sluice(world_.run_job());
  EXPECT_EQ(next.status, 0) << next.errors;
  EXPECT_EQ(wrong_with_output(world_, 200), "");
}

TEST_F(Surroundings, AKeyThatSteersATerminalIsShownWithoutThat) {
  world_.write("in.jsonl",
               "{\"id\":\"T-\xC2\x9B\x32J\xE2\x80\xAE"
               "evil\",\"other\":\"no text\"}\n"
               "{\"id\":\"T-1\",\"text\":\"fine\"}\n");
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 1);
  const auto rejects = world_.sluice({"rejects", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(rejects.status, 0);
  EXPECT_THAT(rejects.output, HasSubstr("T- 2J evil"));
  EXPECT_THAT(rejects.output, Not(HasSubstr("\xC2\x9B")));
  EXPECT_THAT(rejects.output, Not(HasSubstr("\xE2\x80\xAE")));
}

TEST_F(Surroundings, ACheckpointIsItsUsersAloneWhateverTheUmask) {
  ASSERT_EQ(shell("umask 000; ", "", world_.run_job()).status, 0);
  EXPECT_EQ(mode_of(".sluice/job"), 0700u);
  EXPECT_EQ(mode_of(".sluice/job/checkpoint.db"), 0600u);
  EXPECT_EQ(mode_of(".sluice/job/lock"), 0600u);
  EXPECT_EQ(mode_of("out.jsonl"), 0666u) << "the output is as any other";
}

TEST_F(Surroundings, AFolderThatWasThereSaysWhoMayReadTheCheckpoint) {
  std::filesystem::create_directories(world_.path(".sluice/job"));
  ::chmod(world_.path(".sluice/job").c_str(), 0750);
  ASSERT_EQ(shell("umask 000; ", "", world_.run_job()).status, 0);
  EXPECT_EQ(mode_of(".sluice/job"), 0750u);
  EXPECT_EQ(mode_of(".sluice/job/checkpoint.db"), 0640u);
}

}  // namespace
}  // namespace sluice::cli
