#include "checkpoint/tail_syncer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <thread>

namespace sluice::checkpoint {
namespace {

class TailSyncerTest : public testing::Test {
 protected:
  // What the disk does with a sync.
  core::Status sync() {
    ++syncs_;
    synced_on_ = std::this_thread::get_id();
    if (slow_) clock_.advance(TailSyncer::kQuick);
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
  TailSyncer syncer_{[this] { return sync(); }, [this](core::Error) { ++failures_; }, clock_};
};

TEST_F(TailSyncerTest, SyncsOnTheCallersThreadWhereTheDiskIsQuick) {
  EXPECT_TRUE(syncer_.sync_here());
  EXPECT_EQ(syncs_, 1);
  EXPECT_EQ(synced_on_.load(), std::this_thread::get_id());
}

TEST_F(TailSyncerTest, ASlowDiskIsWaitedForOnAnotherThreadUntilItIsQuickAgain) {
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

TEST_F(TailSyncerTest, ASyncUnderWayIsNotDoubled) {
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

TEST_F(TailSyncerTest, WhoAsksDuringASyncOnACallersThreadGetsTheNextOne) {
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

TEST_F(TailSyncerTest, NothingIsDurableAfterASyncThatFailed) {
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
}  // namespace sluice::checkpoint
