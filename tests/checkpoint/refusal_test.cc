// What open() refuses, with what words, and that it leaves it as it is; and what ends a run.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "store/sqlite_file_check.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

using testing::HasSubstr;

class RefusalTest : public testing::Test {
 protected:
  // A closed job with some hundred rows.
  void make_job() {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    std::vector<store::Entry> entries;
    for (int i = 0; i < 3000; ++i) entries.push_back(answer(std::to_string(i), random_label()));
    commit_now(*c, std::move(entries), {settled(1, 0, 0.5)});
    ASSERT_TRUE(c->close().has_value());
  }
  std::string random_label() {
    std::string label;
    for (int i = 0; i < 60; ++i) label += static_cast<char>('a' + random_() % 26);
    return label;
  }
  // open() and read_account() both refuse, and no byte changes.
  core::Error expect_refused(bool by_account = true) {
    const std::string before = read_file(scratch_.database());
    const std::string answers = projection_.answers();
    auto refused = Checkpoint::open(options_for(scratch_), projection_);
    EXPECT_FALSE(refused.has_value());
    if (refused) return {};
    EXPECT_EQ(refused.error().code, core::ErrorCode::corrupt);
    if (by_account) {
      const auto account = read_account(scratch_.job());
      EXPECT_FALSE(account.has_value());
    }
    EXPECT_EQ(read_file(scratch_.database()), before);
    EXPECT_EQ(projection_.answers(), answers);
    return refused.error();
  }
  void execute(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(scratch_.database().c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
  std::mt19937 random_{7};
};

TEST_F(RefusalTest, ASecondRunOfTheSameJobIsToldWhoHoldsIt) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  FileProjection other(scratch_.path());
  auto second = Checkpoint::open(options_for(scratch_), other);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, core::ErrorCode::busy);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_THAT(second.error().message, HasSubstr("'classify'"));
  EXPECT_THAT(second.error().message, HasSubstr("sluice status"));
  EXPECT_TRUE(read_account(scratch_.job()).has_value());
  ASSERT_TRUE(c->close().has_value());
  second = Checkpoint::open(options_for(scratch_), other);
  EXPECT_TRUE(second.has_value());
}

TEST_F(RefusalTest, AFileThatIsNoDatabase) {
  std::filesystem::create_directories(scratch_.job());
  write_file(scratch_.database(), std::string(5000, 'x'));
  EXPECT_THAT(expect_refused().message, HasSubstr("no checkpoint of sluice"));
}

TEST_F(RefusalTest, AnEmptyFile) {
  std::filesystem::create_directories(scratch_.job());
  write_file(scratch_.database(), "");
  EXPECT_THAT(expect_refused().message, HasSubstr("cut off"));
}

TEST_F(RefusalTest, SomebodyElsesDatabase) {
  std::filesystem::create_directories(scratch_.job());
  execute("CREATE TABLE job(id INTEGER PRIMARY KEY); INSERT INTO job VALUES(1)");
  const core::Error error = expect_refused();
  EXPECT_THAT(error.message, HasSubstr("no checkpoint of sluice"));
  EXPECT_THAT(error.message, HasSubstr("move " + scratch_.database() + " away"));
}

TEST_F(RefusalTest, ANewerFormat) {
  make_job();
  const std::string newer = std::to_string(store::kFormatVersion + 1);
  execute("PRAGMA user_version = " + newer);
  EXPECT_THAT(expect_refused().message,
              HasSubstr("newer sluice (format " + newer + ", this one knows " +
                        std::to_string(store::kFormatVersion) + ")"));
}

TEST_F(RefusalTest, AMissingTable) {
  make_job();
  execute("DROP TABLE attempts");
  expect_refused();
}

TEST_F(RefusalTest, AFileCutOffAnywhere) {
  make_job();
  const std::string whole = read_file(scratch_.database());
  for (const std::size_t size : {std::size_t{1}, std::size_t{99}, std::size_t{4096},
                                 whole.size() / 2, whole.size() - 4096, whole.size() - 1}) {
    write_file(scratch_.database(), whole.substr(0, size));
    EXPECT_THAT(expect_refused(size < 4096).message, HasSubstr("damaged")) << size;
  }
}

TEST_F(RefusalTest, CountsThatDisagreeWithTheBlocks) {
  make_job();
  execute("UPDATE job SET answered = answered + 1");
  EXPECT_THAT(expect_refused(false).message, HasSubstr("disagree"));
}

TEST_F(RefusalTest, ALogWithoutItsFile) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  commit_now(*c, {answer("a")});
  c.reset();
  std::filesystem::remove(scratch_.database());
  for (const char* log : {"/tail-0", "/tail-1"}) std::filesystem::remove(scratch_.job() + log);
  const std::string log = read_file(scratch_.database() + "-wal");
  auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::corrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("its log is there"));
  EXPECT_EQ(read_file(scratch_.database() + "-wal"), log);
}

// A page overwritten with noise is refused at opening, or it held payload only; then what is read
// from it is refused, and everything else is right.
TEST_F(RefusalTest, APageOfNoiseIsNoticedBeforeItsContentIsUsed) {
  make_job();
  const std::string whole = read_file(scratch_.database());
  std::size_t refused = 0;
  std::size_t unread = 0;
  for (std::size_t page = 0; page < whole.size() / 4096; ++page) {
    std::string damaged = whole;
    for (std::size_t i = 0; i < 4096; ++i) damaged[page * 4096 + i] = static_cast<char>(random_());
    write_file(scratch_.database(), damaged);
    auto c = Checkpoint::open(options_for(scratch_), projection_);
    if (!c) {
      EXPECT_EQ(c.error().code, core::ErrorCode::corrupt) << page;
      EXPECT_EQ(read_file(scratch_.database()), damaged) << page;
      ++refused;
    } else {
      for (int i = 0; i < 3000; ++i) {
        const auto found = (*c)->find_answer(answer(std::to_string(i)).question);
        if (!found) {
          EXPECT_EQ(found.error().code, core::ErrorCode::corrupt);
          ++unread;
          break;
        }
        EXPECT_TRUE(found->has_value()) << i;
      }
      c->reset();
    }
    std::filesystem::remove(scratch_.database() + "-wal");
    std::filesystem::remove(scratch_.database() + "-shm");
  }
  EXPECT_GT(refused, 10U);
  EXPECT_EQ(refused + unread, whole.size() / 4096);
}

TEST_F(RefusalTest, AnUnusableDirectoryIsAnIoError) {
  write_file(scratch_.job(), "a file where the directory should be");
  auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::io);
}

TEST_F(RefusalTest, AnAttemptAtAnEndpointThatIsNotThereEndsTheRun) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  std::promise<core::Error> failed;
  c->on_failure([&](core::Error error) { failed.set_value(std::move(error)); });
  EXPECT_FALSE(c->intend({{.attempt = 1, .endpoint = 2, .worst_cost = {}}}, [] {}));
  EXPECT_EQ(failed.get_future().get().code, core::ErrorCode::internal);
  EXPECT_FALSE(c->close().has_value());
}

// In a process of its own: the limit on file sizes holds for all of it.
TEST_F(RefusalTest, AFullDiskEndsTheRunWithAdviceAndLosesNothingCommitted) {
  make_job();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto c = Checkpoint::open(options_for(scratch_), projection_);
    if (!c) ::_exit(10);
    const rlimit limit{200'000, 200'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(11);
    std::promise<core::Error> failed;
    auto failure = failed.get_future();
    int failures = 0;
    (*c)->on_failure([&](core::Error error) {
      ++failures;
      failed.set_value(std::move(error));
    });
    for (int i = 0; i < 20000; ++i)
      (*c)->commit({{}, {answer("more " + std::to_string(i), random_label())}}, [] {});
    const core::Error error = failure.get();
    if (error.code != core::ErrorCode::io) ::_exit(12);
    // Whichever file meets the limit first.
    if (!error.where.starts_with(scratch_.job() + "/")) ::_exit(13);
    if (error.message.find("nothing that was committed is lost") == error.message.npos) ::_exit(14);
    if (error.message.find("File too large") == error.message.npos) ::_exit(15);
    const auto status = (*c)->close();
    if (status || status.error().message != error.message || failures != 1) ::_exit(16);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);

  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  EXPECT_GE(c->opened().done_rows, 3000U);
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(*c->consume_done(answer(std::to_string(i)).row)) << i;
  EXPECT_TRUE(c->close().has_value());
}

}  // namespace
}  // namespace sluice::checkpoint
