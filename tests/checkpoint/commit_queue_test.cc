#include "checkpoint/commit_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "checkpoint/checkpoint.h"

namespace sluice::checkpoint {
namespace {

using Clock = CommitQueue::Clock;

Results entries(std::size_t n, std::size_t line = 10) {
  Results results;
  results.entries.resize(n);
  for (Entry& entry : results.entries) entry.line.assign(line, ' ');
  return results;
}

std::size_t taken(const CommitQueue::Work& work) {
  std::size_t n = 0;
  for (const Results& results : work.results) n += results.entries.size();
  return n;
}

TEST(CommitQueue, IntentsGoAtOnceAndResultsWithThem) {
  CommitQueue queue;
  queue.push(entries(1), [] {});
  EXPECT_TRUE(queue.take_ready(Clock::now()).empty()) << "alone they wait for company";
  queue.push(std::vector<Intent>(3), [] {});
  queue.push(std::vector<Intent>(2), [] {});
  const auto work = queue.take_ready(Clock::now());
  EXPECT_EQ(work.intents.size(), 5U);
  EXPECT_EQ(work.intents_durable.size(), 2U);
  EXPECT_EQ(taken(work), 1U);
}

TEST(CommitQueue, ResultsGoWhenTheOldestHasWaitedTheGroupDelay) {
  CommitQueue queue;
  const auto before = Clock::now();
  queue.push(entries(1), [] {});
  queue.push(entries(2), [] {});
  EXPECT_TRUE(queue.take_ready(before).empty());
  const auto work = queue.take_ready(Clock::now() + kGroupDelay);
  EXPECT_EQ(taken(work), 3U);
  EXPECT_EQ(work.results_durable.size(), 2U);
}

TEST(CommitQueue, ResultsGoWhenEnoughOfThemOrTheirBytesHaveGathered) {
  CommitQueue many;
  many.push(entries(kGroupEntries - 1), [] {});
  EXPECT_TRUE(many.take_ready(Clock::now()).empty());
  many.push(entries(1), [] {});
  EXPECT_EQ(taken(many.take_ready(Clock::now())), kGroupEntries);
  CommitQueue large;
  large.push(entries(2, kGroupBytes / 2), [] {});
  EXPECT_EQ(taken(large.take_ready(Clock::now())), 2U);
}

TEST(CommitQueue, RecordsOnceAnIntervalAfterTheFirstTouch) {
  CommitQueue queue;
  queue.touch();
  queue.touch();
  EXPECT_FALSE(queue.take_ready(Clock::now()).record);
  const auto later = Clock::now() + kRecordInterval;
  EXPECT_TRUE(queue.take_ready(later).record);
  EXPECT_FALSE(queue.take_ready(later + kRecordInterval).record);
}

TEST(CommitQueue, FinishingTakesAllThereIsAtOnceAndNothingPushedLater) {
  CommitQueue queue;
  queue.push(entries(1), [] {});
  queue.finish();
  queue.push(entries(1), [] {});
  queue.push(std::vector<Intent>(1), [] {});
  const auto work = queue.take();
  ASSERT_TRUE(work);
  EXPECT_EQ(taken(*work), 1U);
  EXPECT_TRUE(work->intents.empty());
  EXPECT_FALSE(queue.take());
}

TEST(CommitQueue, AbandoningWakesTheTakerWithNothing) {
  CommitQueue queue;
  queue.push(entries(1), [] {});
  std::thread abandoner([&] { queue.abandon(); });
  while (queue.take()) {
  }
  abandoner.join();
  EXPECT_TRUE(queue.take_ready(Clock::now() + kGroupDelay).empty());
}

TEST(CommitQueue, EmptyCallsStillHaveTheirCallbacks) {
  CommitQueue queue;
  queue.push(std::vector<Intent>(), [] {});
  EXPECT_EQ(queue.take_ready(Clock::now()).intents_durable.size(), 1U);
  queue.push(Results(), [] {});
  EXPECT_EQ(queue.take_ready(Clock::now() + kGroupDelay).results_durable.size(), 1U);
}

}  // namespace
}  // namespace sluice::checkpoint
