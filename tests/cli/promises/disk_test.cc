// Disks that are full, read-only or swept meanwhile: the run ends with 5 and the cause, and the
// next one goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

class Disk : public testing::Test {
 protected:
  // `sluice` where no file may grow beyond `kib`: as on a full disk.
  World::Ended limited(int kib, std::vector<std::string> arguments) const {
    const std::string script = "ulimit -f " + std::to_string(kib * 2) + "; exec \"$0\" \"$@\"";
    arguments.insert(arguments.begin(), {"/bin/sh", "-c", script, SLUICE_PROGRAM});
    return ended(arguments);
  }
  // `sluice` without the right to write where permissions forbid it, which root has.
  World::Ended unprivileged(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), SLUICE_PROGRAM);
    if (::geteuid() == 0)
      arguments.insert(arguments.begin(), {"/usr/bin/setpriv", "--bounding-set=-dac_override"});
    return ended(arguments);
  }
  World::Ended ended(const std::vector<std::string>& arguments) const {
    Process process(world_.path(""), "disk", arguments);
    World::Ended ended;
    ended.status = process.wait();
    ended.output = process.output();
    ended.errors = process.errors();
    return ended;
  }
  void expect_goes_on(std::size_t rows) const {
    const auto next = world_.sluice(world_.run_job());
    EXPECT_EQ(next.status, 0) << next.errors;
    EXPECT_EQ(wrong_with_output(world_, rows), "");
    const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
    EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  }
  void edit_job(const std::string& from, const std::string& to) const {
    std::string job = world_.read("job.lua");
    ASSERT_NE(job.find(from), job.npos);
    job.replace(job.find(from), from.size(), to);
    world_.write("job.lua", job);
  }

  World world_;
};

TEST_F(Disk, AnOutputThatDoesNotFitEndsTheRunAndTheNextGoesOn) {
  // Output lines are large and alike, so that the checkpoint, which compresses, stays small; and
  // few requests go at once, so that its log, which does not, stays below the limit as well.
  constexpr std::size_t kRows = 400;
  std::string rows;
  for (std::size_t i = 0; i < kRows; ++i)
    rows += "{\"id\":\"T-" + std::to_string(i) + "\",\"text\":\"row " + std::to_string(i) +
            "\",\"pad\":\"" + std::string(20'000, 'x') + "\"}\n";
  world_.write("in.jsonl", rows);
  world_.make_job(20, "max_concurrency = 2");
  edit_job("\"out.jsonl\"", "\"out.jsonl\", keep = \"row\"");
  world_.start_mock();
  const auto full = limited(4096, world_.run_job());
  EXPECT_EQ(full.status, 5) << full.output;
  EXPECT_THAT(full.errors, HasSubstr("out.jsonl: cannot write: File too large"));
  EXPECT_THAT(full.errors, HasSubstr("what was committed is safe in the checkpoint"));
  const JobStatus between = world_.status();
  EXPECT_GT(between.answered, 0u);
  const std::uint64_t known = between.answered;
  expect_goes_on(kRows);
  EXPECT_LE(world_.mock_stats().repeated_rows, kRows - known) << "a committed row was asked again";
}

TEST_F(Disk, ACheckpointThatDoesNotFitEndsTheRunAndTheNextGoesOn) {
  world_.make_rows(2000);
  world_.make_job(1);
  world_.start_mock();
  const auto full = limited(128, world_.run_job());
  EXPECT_EQ(full.status, 5) << full.output;
  EXPECT_THAT(full.errors, HasSubstr("checkpoint.db: the checkpoint cannot be read or written"));
  EXPECT_THAT(full.errors, HasSubstr("nothing that was committed is lost"));
  EXPECT_LT(world_.status().answered, 2000u);
  expect_goes_on(2000);
}

// A whole small disk for the job, where this process may mount one.
TEST_F(Disk, ADiskThatIsFullEndsTheRunAndOneWithSpaceGoesOn) {
  std::filesystem::create_directory(world_.path("disk"));
  const auto mount = [&](const std::string& options) {
    return ended({"/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", world_.path("disk")}).status;
  };
  if (mount("size=768k") != 0) GTEST_SKIP() << "no disk can be mounted here";
  world_.make_rows(12'000);
  world_.make_job(4, "", "checkpoint = { dir = \"disk/checkpoint\" }");
  edit_job("\"out.jsonl\"", "\"disk/out.jsonl\", keep = \"row\"");
  world_.start_mock();
  const auto full = world_.sluice(world_.run_job());
  EXPECT_EQ(full.status, 5) << full.output;
  EXPECT_THAT(full.errors, testing::AnyOf(HasSubstr("nothing that was committed is lost"),
                                          HasSubstr("what was committed is safe")))
      << "whichever file meets the end of the disk first";
  const std::uint64_t known = world_.status().answered;
  EXPECT_GT(known, 0u);
  EXPECT_LT(known, 12'000u);

  EXPECT_EQ(mount("remount,size=64m"), 0);
  const auto next = world_.sluice(world_.run_job());
  EXPECT_EQ(next.status, 0) << next.errors;
  EXPECT_EQ(world_.status().answered, 12'000u);
  const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  EXPECT_LE(world_.mock_stats().repeated_rows, 12'000 - known) << "a committed row was asked again";
  EXPECT_EQ(ended({"/bin/umount", world_.path("disk")}).status, 0);
}

TEST_F(Disk, AnExportThatDoesNotFitLeavesNothing) {
  world_.make_rows(3000);
  world_.make_job(50);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  const auto full =
      limited(64, {"export", "job.lua", "--set", "base_url=http://none", "--to", "copy.jsonl"});
  EXPECT_EQ(full.status, 5);
  EXPECT_THAT(full.errors, HasSubstr("copy.jsonl: cannot write: File too large"));
  EXPECT_FALSE(std::filesystem::exists(world_.path("copy.jsonl")));
  EXPECT_FALSE(std::filesystem::exists(world_.path("copy.jsonl.part")));
}

TEST_F(Disk, AReadOnlyFolderForTheCheckpointIsTold) {
  world_.make_rows(10);
  world_.make_job(1, "", "checkpoint = { dir = \"closed/job\" }");
  world_.start_mock();
  std::filesystem::create_directory(world_.path("closed"));
  std::filesystem::permissions(world_.path("closed"), std::filesystem::perms(0555));
  const auto closed = unprivileged(world_.run_job());
  EXPECT_EQ(closed.status, 5);
  EXPECT_THAT(closed.errors, HasSubstr("closed/job: cannot make the folder: Permission denied"));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  std::filesystem::permissions(world_.path("closed"), std::filesystem::perms(0755));
  expect_goes_on(10);
}

TEST_F(Disk, AnUnwritableOutputIsToldBeforeAnythingIsAsked) {
  world_.make_rows(10);
  world_.make_job(1);
  edit_job("\"out.jsonl\"", "\"closed/out.jsonl\", rejects = \"out.rejects.jsonl\"");
  world_.start_mock();
  std::filesystem::create_directory(world_.path("closed"));
  std::filesystem::permissions(world_.path("closed"), std::filesystem::perms(0555));
  const auto closed = unprivileged(world_.run_job());
  EXPECT_EQ(closed.status, 5);
  EXPECT_THAT(closed.errors,
              HasSubstr("closed/out.jsonl: cannot open the output file: Permission denied"));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  std::filesystem::permissions(world_.path("closed"), std::filesystem::perms(0755));
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(world_.lines("closed/out.jsonl").size(), 10u);
}

TEST_F(Disk, AReadOnlyFolderIsAuditedAndShownAllTheSame) {
  world_.make_rows(10);
  world_.make_job(1);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  std::filesystem::permissions(world_.path(".sluice/job"), std::filesystem::perms(0555));
  const auto audit = unprivileged({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  std::filesystem::permissions(world_.path(".sluice/job"), std::filesystem::perms(0755));
}

TEST_F(Disk, AnOutputThatIsRemovedMeanwhileIsNoticedAndWrittenAnew) {
  world_.make_rows(200);
  world_.make_job(1);
  world_.start_mock();
  const std::string rows = world_.read("in.jsonl");
  const std::size_t half = rows.find("{\"id\":\"T-100\"");
  // A pipe for an input: the run cannot end before its second half is written.
  std::filesystem::remove(world_.path("in.jsonl"));
  ASSERT_EQ(::mkfifo(world_.path("in.jsonl").c_str(), 0600), 0);
  const auto run = world_.start(world_.run_job());
  {
    std::ofstream input(world_.path("in.jsonl"));
    input << rows.substr(0, half) << std::flush;
    world_.wait_for_requests(100);
    std::filesystem::remove(world_.path("out.jsonl"));
    input << rows.substr(half);
  }
  EXPECT_EQ(run->wait(), 5);
  EXPECT_THAT(run->errors(), HasSubstr("out.jsonl: was removed or replaced while the job ran"));
  std::filesystem::remove(world_.path("in.jsonl"));
  world_.write("in.jsonl", rows);
  expect_goes_on(200);
}

}  // namespace
}  // namespace sluice::cli
