// Inputs that end badly or give nothing: the run ends with 5 and the cause, or hears Ctrl-C at
// once, whatever stands in an open pack; and the next run goes on.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

constexpr std::size_t kInputRows = 1000;

class Input : public testing::Test {
 protected:
  Input() {
    world_.make_rows(kInputRows);
    // 1,000 rows and packs of 300: the input never ends behind a full pack.
    world_.make_job(300);
    world_.start_mock();
  }
  void read_from(const std::string& inputs) const {
    std::string job = world_.read("job.lua");
    const std::string_view read = "s.read { \"in.jsonl\",";
    ASSERT_NE(job.find(read), job.npos);
    job.replace(job.find(read), read.size(), "s.read { " + inputs + ",");
    world_.write("job.lua", job);
  }
  // Ends with 5 and `cause`; `mend` makes the input whole, and the next run goes on.
  void expect_told_and_resumed(const std::string& cause, const std::function<void()>& mend) const {
    const auto run = world_.start(world_.run_job());
    EXPECT_EQ(run->wait(), 5) << run->errors();
    EXPECT_THAT(run->errors(), HasSubstr(cause));
    const JobStatus between = world_.status();
    EXPECT_EQ(between.in_flight, 0u);
    EXPECT_EQ(between.maybe_billed, 0u) << "what was in flight was waited for";
    const std::uint64_t asked = world_.mock_stats().rows;
    EXPECT_EQ(between.answered, asked) << "what was paid for is kept";
    mend();
    const auto next = world_.start(world_.run_job());
    EXPECT_EQ(next->wait(), 0) << next->errors();
    EXPECT_EQ(wrong_with_output(world_, kInputRows), "");
    EXPECT_EQ(world_.mock_stats().rows, kInputRows) << "a row was asked twice";
  }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd '" + world_.path("") + "' && " + command).c_str()), 0);
  }

  World world_;
};

TEST_F(Input, AGzipFileThatIsCutOffIsTold) {
  shell("gzip -k in.jsonl && cp in.jsonl.gz whole.gz && truncate -s 5000 in.jsonl.gz");
  read_from("\"in.jsonl.gz\"");
  expect_told_and_resumed("in.jsonl.gz: the compressed file ends in the middle: it is cut off",
                          [&] { shell("cp whole.gz in.jsonl.gz"); });
}

TEST_F(Input, AZstdFileThatIsDamagedIsTold) {
  shell(
      "zstd -q in.jsonl -o whole.zst && cp whole.zst in.zst && "
      "printf '\\377\\377\\377\\377' | dd of=in.zst bs=1 seek=4000 conv=notrunc 2>/dev/null");
  read_from("\"in.zst\"");
  expect_told_and_resumed("in.zst: the compressed file is damaged",
                          [&] { shell("cp whole.zst in.zst"); });
}

TEST_F(Input, ALineThatIsTooLongIsTold) {
  const std::string rows = world_.read("in.jsonl");
  world_.write("in.jsonl", rows + std::string(17 * 1024 * 1024, 'x') + "\n");
  expect_told_and_resumed("in.jsonl:1001: this line is longer than 16 MiB",
                          [&] { world_.write("in.jsonl", rows); });
}

TEST_F(Input, ADeviceThatNeverEndsALineIsTold) {
  read_from("\"in.jsonl\", \"/dev/zero\"");
  expect_told_and_resumed("/dev/zero:1: this line is longer than 16 MiB",
                          [&] { shell("sed -i 's#, \"/dev/zero\"##' job.lua"); });
}

TEST_F(Input, ASecondFileThatIsNotThereIsTold) {
  shell("ln -s nowhere second.jsonl");
  read_from("\"in.jsonl\", \"second.jsonl\"");
  expect_told_and_resumed("second.jsonl: cannot open the input: No such file or directory",
                          [&] { shell("touch nowhere"); });
}

TEST_F(Input, AFolderIsTold) {
  shell("mkdir second.jsonl");
  read_from("\"in.jsonl\", \"second.jsonl\"");
  expect_told_and_resumed(
      "second.jsonl: this input is a folder: name its files, as in "
      "\"folder/*.jsonl\"",
      [&] { shell("rmdir second.jsonl && touch second.jsonl"); });
}

class QuietInput : public Input {
 protected:
  QuietInput() {
    shell("mv in.jsonl rows.jsonl");
    EXPECT_EQ(::mkfifo(world_.path("in.jsonl").c_str(), 0600), 0);
  }
  // Ctrl-C, and what it leaves.
  void expect_ends(Process& run) const {
    run.signal(SIGINT);
    EXPECT_EQ(run.wait(), 4) << run.errors();
    EXPECT_EQ(world_.status().in_flight, 0u);
    shell("mv rows.jsonl in.jsonl");
    const auto next = world_.start(world_.run_job());
    EXPECT_EQ(next->wait(), 0) << next->errors();
    EXPECT_EQ(wrong_with_output(world_, kInputRows), "");
    EXPECT_EQ(world_.mock_stats().rows, kInputRows) << "a row was asked twice";
  }
  static void wait_until_told(Process& run, std::string_view what) {
    ASSERT_TRUE(run.runs_until([&] { return run.errors().find(what) != std::string::npos; }))
        << run.errors();
  }
};

TEST_F(QuietInput, ANamedPipeWithoutAWriterIsToldAndHearsCtrlC) {
  const auto run = world_.start(world_.run_job());
  wait_until_told(*run, "waiting for a writer of in.jsonl");
  expect_ends(*run);
}

TEST_F(QuietInput, ANamedPipeWhoseWriterComesLateIsRead) {
  const auto run = world_.start(world_.run_job());
  wait_until_told(*run, "job: running");
  shell("cat rows.jsonl > in.jsonl");
  EXPECT_EQ(run->wait(), 0) << run->errors();
  EXPECT_EQ(wrong_with_output(world_, kInputRows), "");
}

TEST_F(QuietInput, APipeThatFallsSilentHearsCtrlC) {
  const int writer = ::open(world_.path("in.jsonl").c_str(), O_RDWR | O_CLOEXEC);
  const std::string rows = world_.read("rows.jsonl").substr(0, 20'000);
  ASSERT_EQ(::write(writer, rows.data(), rows.size()), static_cast<ssize_t>(rows.size()));
  const auto run = world_.start(world_.run_job());
  world_.wait_for_requests(1);
  expect_ends(*run);
  ::close(writer);
}

TEST_F(QuietInput, StandardInputThatGivesNothingHearsCtrlC) {
  read_from("\"-\"");
  const int writer = ::open(world_.path("in.jsonl").c_str(), O_RDWR | O_CLOEXEC);
  const auto run = std::make_unique<Process>(
      world_.path(""), "sluice",
      std::vector<std::string>{"/bin/sh", "-c", "exec \"$0\" \"$@\" < in.jsonl", SLUICE_PROGRAM,
                               "run", "job.lua", "--set", "base_url=" + world_.base_url()});
  wait_until_told(*run, "job: running");
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4) << run->errors();
  ::close(writer);
}

}  // namespace
}  // namespace sluice::cli
