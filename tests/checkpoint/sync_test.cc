// Commits go on while the projection is synced, and what is recorded meanwhile is what was synced.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <semaphore>

#include "store/sqlite_store.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

// Its syncs, once they are held, begin and wait until they are let go.
class HeldProjection final : public Projection {
 public:
  explicit HeldProjection(const std::string& directory) : file_(directory) {}

  core::Result<store::Position> open(store::Position from, Past& past) override {
    return file_.open(from, past);
  }
  core::Status append(std::string_view answers, std::string_view rejects) override {
    return file_.append(answers, rejects);
  }
  core::Result<store::Mark> write_out() override { return file_.write_out(); }
  core::Status sync() override {
    if (!held_) return {};
    begun_.release();
    go_.acquire();
    ++synced_;
    if (fails_) return core::fail(core::ErrorCode::io, "cannot sync");
    return {};
  }

  void hold() { held_ = true; }
  void wait_begun() { begun_.acquire(); }
  void let_go() {
    held_ = false;
    go_.release();
  }
  void fail() { fails_ = true; }
  int synced() const { return synced_; }

 private:
  FileProjection file_;
  std::atomic<bool> held_ = false;
  std::atomic<bool> fails_ = false;
  std::atomic<int> synced_ = 0;
  std::binary_semaphore begun_{0};
  std::binary_semaphore go_{0};
};

class SyncTest : public testing::Test {
 protected:
  // A sync of what holds the line of "a" is under way.
  void SetUp() override {
    checkpoint_ = open_checkpoint(options_for(scratch_), projection_);
    ASSERT_NE(checkpoint_, nullptr);
    checkpoint_->on_failure([this](core::Error error) { failed_.set_value(std::move(error)); });
    projection_.hold();
    commit_now(*checkpoint_, {answer("a")});
    projection_.wait_begun();
  }
  // As a process that is killed now leaves it.
  std::uint64_t recorded() const {
    auto reader = store::SqliteStore::open_reader(scratch_.job());
    EXPECT_TRUE(reader.has_value());
    const auto job = (*reader)->job();
    EXPECT_TRUE(job.has_value());
    return job->projected.answers;
  }
  static std::uint64_t bytes(const std::string& name) { return answer(name).line.size() + 1; }

  ScratchDirectory scratch_;
  HeldProjection projection_{scratch_.path()};
  std::promise<core::Error> failed_;
  std::unique_ptr<Checkpoint> checkpoint_;
};

TEST_F(SyncTest, IntentsDoNotWaitForTheSinksSync) {
  for (std::uint64_t attempt = 1; attempt <= 20; ++attempt)
    intend_now(*checkpoint_, {{.attempt = attempt, .endpoint = 0, .worst_cost = {}}});
  commit_now(*checkpoint_, {answer("b")});
  EXPECT_EQ(projection_.synced(), 0);
  projection_.let_go();
  EXPECT_TRUE(checkpoint_->close().has_value());
  EXPECT_EQ(recorded(), bytes("a") + bytes("b"));
}

TEST_F(SyncTest, NothingIsRecordedBeyondWhatTheLastSyncBeganWith) {
  EXPECT_EQ(recorded(), 0U);
  commit_now(*checkpoint_, {answer("b")});
  intend_now(*checkpoint_, {{.attempt = 1, .endpoint = 0, .worst_cost = {}}});
  EXPECT_EQ(recorded(), 0U) << "commits meanwhile record nothing";
  projection_.let_go();
  projection_.hold();
  projection_.wait_begun();  // the next, which begins after the first was taken note of
  commit_now(*checkpoint_, {answer("c")});
  EXPECT_EQ(recorded(), bytes("a"));

  // A crash; it waits for the sync, and records nothing more.
  auto gone = std::async(std::launch::async, [&] { checkpoint_.reset(); });
  projection_.let_go();
  gone.wait();
  FileProjection file(scratch_.path());
  checkpoint_ = open_checkpoint(options_for(scratch_), file);
  EXPECT_EQ(checkpoint_->opened().done_rows, 3U);
  EXPECT_LE(file.recorded().answers, bytes("a") + bytes("b"));
  EXPECT_TRUE(checkpoint_->close().has_value());
  EXPECT_EQ(file.answers(),
            answer("a").line + "\n" + answer("b").line + "\n" + answer("c").line + "\n");
}

TEST_F(SyncTest, AFailedSyncEndsTheRunWithItsCauseAndRecordsNothing) {
  projection_.fail();
  projection_.let_go();
  EXPECT_EQ(failed_.get_future().get().message, "cannot sync");
  const auto status = checkpoint_->close();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "cannot sync");
  EXPECT_EQ(recorded(), 0U);
}

TEST_F(SyncTest, ClosingWaitsForTheSyncAndTakesItsError) {
  auto closed = std::async(std::launch::async, [&] { return checkpoint_->close(); });
  projection_.fail();
  projection_.let_go();
  const auto status = closed.get();
  EXPECT_EQ(projection_.synced(), 1) << "a failed sync is not tried again";
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "cannot sync");
  EXPECT_EQ(recorded(), 0U);
}

}  // namespace
}  // namespace sluice::checkpoint
