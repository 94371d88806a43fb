#include "net/loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::http {
namespace {

TEST(Loop, RunsWhatWasPostedFromAnyThreadInTheOrderOfPosting) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  net::Loop loop;
  std::vector<std::vector<int>> seen(kThreads);
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          seen[static_cast<std::size_t>(t)].push_back(i);
          if (++total == kThreads * kEach) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  std::vector<int> expected(kEach);
  for (int i = 0; i < kEach; ++i) expected[static_cast<std::size_t>(i)] = i;
  for (const auto& one : seen) EXPECT_EQ(one, expected);
}

TEST(Loop, EndsWithWhatItsWorkThrows) {
  net::Loop loop;
  bool ran_behind = false;
  const auto timer = loop.make_timer();
  timer->start(core::Duration::zero(), [] { throw std::bad_alloc(); });
  EXPECT_THROW(loop.run(), std::bad_alloc);
  loop.post([] { throw std::runtime_error("a defect"); });
  loop.post([&] { ran_behind = true; });
  EXPECT_THROW(loop.run(), std::runtime_error);
  EXPECT_FALSE(ran_behind);
}

TEST(Loop, DoesTheWorkPostedBeforeStop) {
  net::Loop loop;
  std::vector<int> done;
  for (int i = 0; i < 3; ++i) loop.post([&, i] { done.push_back(i); });
  loop.stop();
  loop.run();
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2}));
}

TEST(Loop, DispatchRunsAtOnceOnItsThreadAndPostsFromElsewhere) {
  net::Loop loop;
  std::vector<int> done;
  loop.dispatch([&] {  // it does not run yet: so this is posted
    loop.dispatch([&] { done.push_back(1); });
    done.push_back(2);
    loop.stop();
  });
  EXPECT_TRUE(done.empty());
  loop.run();
  EXPECT_EQ(done, (std::vector<int>{1, 2}));
}

TEST(Loop, RunsAgainAfterStop) {
  net::Loop loop;
  int runs = 0;
  for (int i = 0; i < 2; ++i) {
    loop.post([&] { ++runs; });
    loop.stop();
    loop.run();
  }
  EXPECT_EQ(runs, 2);
}

TEST(Loop, WorkMayPostMoreWork) {
  net::Loop loop;
  int depth = 0;
  std::function<void()> more = [&] {
    if (++depth == 100) return loop.stop();
    loop.post(more);
  };
  loop.post(more);
  loop.run();
  EXPECT_EQ(depth, 100);
}

TEST(LoopTimer, FiresOnceAndNeverEarly) {
  net::Loop loop;
  auto timer = loop.make_timer();
  const auto start = std::chrono::steady_clock::now();
  auto fired = start;
  int times = 0;
  timer->start(std::chrono::microseconds(12'300), [&] {
    ++times;
    fired = std::chrono::steady_clock::now();
  });
  auto end = loop.make_timer();
  end->start(std::chrono::milliseconds(40), [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(times, 1);
  EXPECT_GE(fired - start, std::chrono::microseconds(12'300));
}

TEST(LoopTimer, ALaterStartReplacesAnEarlierOne) {
  net::Loop loop;
  auto timer = loop.make_timer();
  std::vector<int> fired;
  timer->start(std::chrono::milliseconds(1), [&] { fired.push_back(1); });
  timer->start(std::chrono::milliseconds(5), [&] {
    fired.push_back(2);
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(fired, std::vector<int>{2});
}

TEST(LoopTimer, DoesNotFireWhenCancelledOrDestroyed) {
  net::Loop loop;
  auto cancelled = loop.make_timer();
  auto destroyed = loop.make_timer();
  auto end = loop.make_timer();
  int fired = 0;
  cancelled->start(std::chrono::milliseconds(2), [&] { ++fired; });
  destroyed->start(std::chrono::milliseconds(2), [&] { ++fired; });
  end->start(std::chrono::milliseconds(10), [&] { loop.stop(); });
  cancelled->cancel();
  destroyed.reset();
  loop.run();
  EXPECT_EQ(fired, 0);
}

TEST(LoopTimer, MayBeStartedAgainOrDestroyedByWhatItFires) {
  net::Loop loop;
  auto timer = loop.make_timer();
  int fired = 0;
  std::function<void()> fire = [&] {
    if (++fired < 3) return timer->start(core::Duration::zero(), fire);
    timer.reset();
    loop.stop();
  };
  timer->start(core::Duration::zero(), fire);
  loop.run();
  EXPECT_EQ(fired, 3);
}

}  // namespace
}  // namespace sluice::http
