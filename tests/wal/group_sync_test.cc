#include "wal/group_sync.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <thread>

namespace sluice::wal {
namespace {

class GroupSyncTest : public testing::Test {
 protected:
  // What the disk does with a sync.
  core::Status sync() {
    ++syncs_;
    synced_on_ = std::this_thread::get_id();
    if (slow_) clock_.advance(GroupSync::kQuick);
    if (held_) {
      begun_.release();
      go_.acquire();
    }
    if (fails_) return core::fail(core::ErrorCode::io, "cannot sync");
    return {};
  }
  // Waits for a callback of when_durable().
  void sync_there() {
    std::promise<void> durable;
    syncer_.when_durable([&] { durable.set_value(); });
    durable.get_future().wait();
  }

  std::atomic<int> syncs_ = 0;
  std::atomic<std::thread::id> synced_on_;
  std::atomic<bool> slow_ = false;
  std::atomic<bool> held_ = false;
  std::atomic<bool> fails_ = false;
  std::atomic<int> failures_ = 0;
  std::binary_semaphore begun_{0};
  std::binary_semaphore go_{0};
  core::ManualClock clock_;
  GroupSync syncer_{[this] { return sync(); }, [this](core::Error) { ++failures_; }, clock_};
};

TEST_F(GroupSyncTest, SyncsOnTheCallersThreadWhereTheDiskIsQuick) {
  EXPECT_TRUE(syncer_.sync_here());
  EXPECT_EQ(syncs_, 1);
  EXPECT_EQ(synced_on_.load(), std::this_thread::get_id());
}

TEST_F(GroupSyncTest, ASlowDiskIsWaitedForOnAnotherThreadUntilItIsQuickAgain) {
  slow_ = true;
  EXPECT_TRUE(syncer_.sync_here()) << "it was not known to be slow";
  EXPECT_FALSE(syncer_.sync_here());
  EXPECT_EQ(syncs_, 1);
  slow_ = false;
  sync_there();
  EXPECT_EQ(syncs_, 2);
  EXPECT_NE(synced_on_.load(), std::this_thread::get_id());
  while (!syncer_.sync_here()) std::this_thread::yield();  // the callback came before the end
  EXPECT_EQ(syncs_, 3);
}

TEST_F(GroupSyncTest, ASyncUnderWayIsNotDoubled) {
  held_ = true;
  std::promise<void> durable;
  syncer_.when_durable([&] { durable.set_value(); });
  begun_.acquire();
  held_ = false;
  EXPECT_FALSE(syncer_.sync_here());
  EXPECT_EQ(syncs_, 1);
  go_.release();
  durable.get_future().wait();
}

TEST_F(GroupSyncTest, WhoAsksDuringASyncOnACallersThreadGetsTheNextOne) {
  held_ = true;
  bool synced = false;
  std::thread caller([&] { synced = syncer_.sync_here(); });
  begun_.acquire();
  held_ = false;
  std::promise<void> durable;
  syncer_.when_durable([&] { durable.set_value(); });
  EXPECT_EQ(syncs_, 1);
  go_.release();
  durable.get_future().wait();
  caller.join();
  EXPECT_TRUE(synced);
  EXPECT_EQ(syncs_, 2);
}

TEST_F(GroupSyncTest, NothingIsDurableAfterASyncThatFailed) {
  fails_ = true;
  EXPECT_FALSE(syncer_.sync_here());
  EXPECT_EQ(failures_, 1);
  fails_ = false;
  EXPECT_FALSE(syncer_.sync_here());
  bool durable = false;
  syncer_.when_durable([&] { durable = true; });
  syncer_.finish();
  EXPECT_FALSE(durable);
  EXPECT_EQ(syncs_, 1);
}

}  // namespace
}  // namespace sluice::wal
