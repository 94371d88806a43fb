// The file of --log-file, rotated and full.
#include "observe/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "observe/log_observer.h"
#include "tests/scratch.h"

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kLine = R"({"event":"notice"})";

class LogFileTest : public testing::Test {
 protected:
  std::shared_ptr<LogFile> open() {
    auto log = LogFile::open(path_, clock_,
                             [this](const std::string& text) { problems_.push_back(text); });
    return log ? *log : nullptr;
  }
  std::string content(const std::string& name = "run.log") const {
    return Scratch::read(scratch_.path(name));
  }
  Scratch scratch_;
  const std::string path_ = scratch_.path("run.log");
  core::ManualClock clock_;
  std::vector<std::string> problems_;
};

TEST_F(LogFileTest, AppendsLinesToAFileOfItsOwnersAlone) {
  open()->write(kLine);
  open()->write(kLine);
  EXPECT_EQ(content(), kLine + "\n" + kLine + "\n");
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(LogFileTest, LeavesAFileAloneThatHasSomethingElse) {
  scratch_.write("run.log", "{\"id\":1}\n");
  const auto log = LogFile::open(path_, clock_, [](const std::string&) {});
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, core::ErrorCode::usage);
  EXPECT_THAT(log.error().text(), HasSubstr("run.log: this file has something else in it"));
  EXPECT_EQ(content(), "{\"id\":1}\n");
}

TEST_F(LogFileTest, SaysWhyItCannotBeOpened) {
  const auto log = LogFile::open(scratch_.path("no/run.log"), clock_, [](const std::string&) {});
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, core::ErrorCode::io);
  EXPECT_THAT(log.error().message, HasSubstr("No such file or directory"));
}

TEST_F(LogFileTest, FollowsItsPathWhenTheFileIsRenamed) {
  const auto log = open();
  log->write(kLine + "1");
  std::filesystem::rename(path_, scratch_.path("run.log.1"));
  log->write(kLine + "2");
  EXPECT_FALSE(std::filesystem::exists(path_)) << "looked at within a second";
  clock_.advance(1s);
  log->write(kLine + "3");
  EXPECT_EQ(content("run.log.1"), kLine + "1\n" + kLine + "2\n");
  EXPECT_EQ(content(), kLine + "3\n");
  std::filesystem::rename(path_, scratch_.path("run.log.2"));
  scratch_.write("run.log", "");  // made by who rotates it
  clock_.advance(1s);
  log->write(kLine + "4");
  EXPECT_EQ(content(), kLine + "4\n");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(LogFileTest, WritesAtTheStartOfAFileThatWasCopiedAndCut) {
  const auto log = open();
  log->write(kLine + "1");
  std::filesystem::resize_file(path_, 0);
  log->write(kLine + "2");
  EXPECT_EQ(content(), kLine + "2\n");
}

TEST_F(LogFileTest, GoesOnWithTheOldFileWhereThePathIsGoneAndSaysSoOnce) {
  std::filesystem::create_directory(scratch_.path("logs"));
  const std::string path = scratch_.path("logs/run.log");
  const auto log =
      *LogFile::open(path, clock_, [this](const std::string& text) { problems_.push_back(text); });
  std::filesystem::rename(scratch_.path("logs"), scratch_.path("old"));
  for (int i = 0; i < 3; ++i) {
    clock_.advance(1s);
    log->write(kLine);
  }
  EXPECT_EQ(content("old/run.log"), kLine + "\n" + kLine + "\n" + kLine + "\n");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("it is gone and cannot be opened again: No such")));
}

TEST_F(LogFileTest, EndsALineThatACrashHasCutOff) {
  scratch_.write("run.log", kLine + "\n" + R"({"event":"prog)");
  open()->write(kLine);
  EXPECT_EQ(content(), kLine + "\n" + R"({"event":"prog)" + "\n" + kLine + "\n");
}

TEST_F(LogFileTest, LosesLinesOfAFullDiskSaysSoOnceAndGoesOn) {
  const auto log = open();
  log->write(kLine);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handled = std::signal(SIGXFSZ, SIG_IGN);
  rlimit full = before;
  full.rlim_cur = kLine.size() + 1 + 5;  // five bytes of the next line
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  log->write(kLine + "lost");
  log->write(kLine + "lost");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handled);
  log->write(kLine);
  EXPECT_EQ(content(), kLine + "\n" + kLine.substr(0, 5) + "\n" + kLine + "\n");
  EXPECT_THAT(problems_, ElementsAre(testing::AllOf(HasSubstr("a line cannot be written: "),
                                                    HasSubstr("the run goes on"))));
}

TEST(LogObserver, WritesEachBatchThatHasChanged) {
  const core::ManualClock clock;
  std::vector<std::string> lines;
  LogObserver observer({"one", "two"}, clock,
                       [&](const std::string& json) { lines.push_back(json); });
  Observer& listens = observer;
  listens.on(BatchChanged{.endpoint = 1,
                          .name = "job.1",
                          .phase = "created",
                          .requests = 20,
                          .rows = 40,
                          .done = 0,
                          .failed = 0,
                          .cost = {},
                          .note = {}});
  listens.on(BatchChanged{.endpoint = 1,
                          .name = "job.1",
                          .phase = "collected",
                          .requests = 20,
                          .rows = 40,
                          .done = 19,
                          .failed = 1,
                          .cost = core::Money::picodollars(2'500'000'000),
                          .note = "one expired"});
  listens.on(Committed{});
  EXPECT_THAT(
      lines,
      ElementsAre(
          R"({"event":"batch","time":"2026-01-01T00:00:00.000Z","level":"info","endpoint":"two",)"
          R"("batch":"job.1","phase":"created","requests":20,"rows":40,"done":0,"failed":0,)"
          R"("cost_usd":0})",
          R"({"event":"batch","time":"2026-01-01T00:00:00.000Z","level":"warning",)"
          R"("endpoint":"two","batch":"job.1","phase":"collected","requests":20,"rows":40,)"
          R"("done":19,"failed":1,"cost_usd":0.0025,"message":"one expired"})"));
}

}  // namespace
}  // namespace sluice::observe
