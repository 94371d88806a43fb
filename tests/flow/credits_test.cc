#include "flow/credits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::flow {
namespace {

using std::chrono::milliseconds;
using Taken = Credits::Taken;

constexpr milliseconds kNow{0};
constexpr milliseconds kLong{10'000};

TEST(Credits, AreSpentByRowsAndByBytes) {
  Credits credits({10, 1000}, [] {});
  EXPECT_EQ(credits.take({8, 100}, kNow), Taken::yes);
  EXPECT_EQ(credits.take({3, 1}, kNow), Taken::timeout);
  EXPECT_EQ(credits.take({1, 901}, kNow), Taken::timeout);
  EXPECT_EQ(credits.take({2, 900}, kNow), Taken::yes);
  credits.give({8, 100});
  EXPECT_EQ(credits.out().rows, 2u);
  EXPECT_EQ(credits.out().bytes, 900u);
}

TEST(Credits, AreWaitedForUntilTheyAreThere) {
  Credits credits({10, 1000}, [] {});
  ASSERT_EQ(credits.take({8, 100}, kNow), Taken::yes);
  credits.settle({8, 100}, 100);
  EXPECT_FALSE(credits.waited_for());
  std::thread reader([&] { EXPECT_EQ(credits.take({3, 1}, kLong), Taken::yes); });
  while (!credits.waited_for()) std::this_thread::yield();
  credits.give({8, 100});
  EXPECT_FALSE(credits.waited_for()) << "it can go on";
  reader.join();
}

TEST(Credits, LetABatchThatIsTooLargeInWhenTheFlowIsEmpty) {
  Credits credits({10, 1000}, [] {});
  EXPECT_EQ(credits.take({256, 5000}, kNow), Taken::yes);
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::timeout);
  credits.give({256, 5000});
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::yes);
}

TEST(Credits, MayBeOverdrawnByWhatABatchTurnsOutToBe) {
  Credits credits({10, 1000}, [] {});
  ASSERT_EQ(credits.take({2, 100}, kNow), Taken::yes);
  credits.settle({2, 100}, 3000);
  EXPECT_EQ(credits.out().bytes, 3000u);
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::timeout) << "nothing enters until they are back";
  credits.change(2500, 500);
  EXPECT_EQ(credits.out().bytes, 1000u);
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::timeout);
  credits.change(500, 400);
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::yes);
  credits.settle({1, 1}, 0);
  credits.give({1, 0});
  credits.give({2, 900});
  EXPECT_EQ(credits.out().rows, 0u);
  EXPECT_EQ(credits.out().bytes, 0u);
}

TEST(Credits, LetOneRowThatIsLargerThanAllThereIsPassAlone) {
  int empty = 0;
  Credits credits({10, 1000}, [&] { ++empty; });
  for (int row = 0; row < 3; ++row) {
    ASSERT_EQ(credits.take({1, 50'000}, kNow), Taken::yes);
    credits.settle({1, 50'000}, 90'000);
    EXPECT_EQ(credits.take({1, 1}, kNow), Taken::timeout);
    credits.change(0, 70'000);
    credits.change(160'000, 200);
    credits.give({1, 200});
  }
  credits.close();
  EXPECT_EQ(empty, 1);
}

TEST(Credits, BoundHowManyBatchesAreInTheFlowUnsettled) {
  Credits credits({1000, 1'000'000}, [] {});
  for (std::size_t i = 0; i < Credits::kUnsettled; ++i)
    ASSERT_EQ(credits.take({1, 1}, kNow), Taken::yes);
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::timeout);
  credits.settle({1, 1}, 5);
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::yes) << "who has not waited takes what there is";
  EXPECT_EQ(credits.take({1, 1}, kNow), Taken::timeout);
  std::thread settler([&] {
    for (std::size_t left = Credits::kUnsettled; left >= Credits::kUnsettledToGoOn; --left)
      credits.settle({1, 1}, 5);
  });
  EXPECT_EQ(credits.take({1, 1}, kLong), Taken::yes);
  settler.join();
}

TEST(Credits, WakeTheReaderWhenTheyComeBack) {
  Credits credits({1, 1000}, [] {});
  ASSERT_EQ(credits.take({1, 1}, kNow), Taken::yes);
  credits.settle({1, 1}, 1);
  std::thread giver([&] { credits.give({1, 1}); });
  EXPECT_EQ(credits.take({1, 1}, kLong), Taken::yes);
  giver.join();
}

TEST(Credits, SayEmptyOnceWhenClosedAndTheLastIsBack) {
  int empty = 0;
  Credits credits({10, 1000}, [&] { ++empty; });
  ASSERT_EQ(credits.take({2, 20}, kNow), Taken::yes);
  credits.give({1, 10});
  EXPECT_EQ(empty, 0);
  credits.close();
  EXPECT_EQ(empty, 0);
  credits.give({1, 10});
  EXPECT_EQ(empty, 1);
  credits.abandon();
  EXPECT_EQ(empty, 1);
  EXPECT_EQ(credits.take({1, 1}, kLong), Taken::closed);
}

TEST(Credits, SayEmptyWhenNothingEverCame) {
  int empty = 0;
  Credits credits({10, 1000}, [&] { ++empty; });
  credits.close();
  EXPECT_EQ(empty, 1);
}

TEST(Credits, SayEmptyAtOnceWhenAbandoned) {
  int empty = 0;
  Credits credits({10, 1000}, [&] { ++empty; });
  ASSERT_EQ(credits.take({2, 20}, kNow), Taken::yes);
  credits.abandon();
  EXPECT_EQ(empty, 1);
  credits.give({2, 20});
  EXPECT_EQ(empty, 1);
}

TEST(Credits, NeverLetMoreInThanTheLimitFromManyThreads) {
  std::atomic<int> empty = 0;
  Credits credits({100, 1'000'000}, [&] { ++empty; });
  std::atomic<std::size_t> in_flow = 0;
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::vector<std::size_t> queue;
  std::condition_variable arrived;
  bool over = false;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      while (true) {
        std::unique_lock lock(mutex);
        arrived.wait(lock, [&] { return over || !queue.empty(); });
        if (queue.empty()) return;
        const std::size_t rows = queue.back();
        queue.pop_back();
        lock.unlock();
        in_flow -= rows;
        credits.give({rows, rows});
      }
    });
  }
  std::size_t most = 0;
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::size_t rows = 1 + i % 30;
    ASSERT_EQ(credits.take({rows, rows}, kLong), Taken::yes);
    credits.settle({rows, rows}, rows);
    most = std::max(most, in_flow += rows);
    std::lock_guard lock(mutex);
    queue.push_back(rows);
    arrived.notify_one();
  }
  credits.close();
  {
    std::lock_guard lock(mutex);
    over = true;
    arrived.notify_all();
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(most, 100u);
  EXPECT_EQ(credits.out().rows, 0u);
  EXPECT_EQ(empty, 1);
}

}  // namespace
}  // namespace sluice::flow
