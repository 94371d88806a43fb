#include "checkpoint/commit_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "checkpoint/checkpoint.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

using Clock = CommitQueue::Clock;

store::Results entries(std::size_t n, std::size_t line = 10) {
  store::Results results;
  results.entries.resize(n);
  for (store::Entry& entry : results.entries) entry.line.assign(line, ' ');
  return results;
}

std::size_t taken(const CommitQueue::Work& work) {
  std::size_t n = 0;
  for (const store::Results& results : work.results) n += results.entries.size();
  return n;
}

class CommitQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(scratch_.job());
    auto log = wal::WriteAheadLog::create(scratch_.job(), store::Durability::process, 0);
    ASSERT_TRUE(log.has_value()) << log.error().text();
    log_ = std::move(*log);
    queue_.emplace(*log_, std::vector<std::uint32_t>{1, 2}, kGroup);
  }
  bool push(std::size_t n, std::size_t line = 10) {
    return queue_->push(entries(n, line), [] {});
  }
  CommitQueue::Work ready(Clock::time_point now) { return queue_->take_ready(now); }

  static constexpr std::size_t kGroup = 100;
  ScratchDirectory scratch_;
  std::unique_ptr<wal::WriteAheadLog> log_;
  std::optional<CommitQueue> queue_;
};

TEST_F(CommitQueueTest, WhatIsPushedStandsInTheLogInThatOrder) {
  push(1);
  queue_->push(std::vector<store::Intent>(3));
  const auto tail = wal::read_log(scratch_.job(), 0);
  ASSERT_TRUE(tail.has_value());
  ASSERT_EQ(tail->records.size(), 2U);
  EXPECT_EQ(tail->records[0].results.entries.size(), 1U);
  EXPECT_EQ(tail->records[1].intents.size(), 3U);
  EXPECT_EQ(tail->records[1].intents[0].endpoint, 1U) << "by its number in the ledger";
}

TEST_F(CommitQueueTest, ResultsWaitForCompanyAndIntentsGoWithThem) {
  const auto before = Clock::now();
  queue_->push(std::vector<store::Intent>(3));
  push(1);
  queue_->push(std::vector<store::Intent>(2));
  EXPECT_TRUE(ready(before).empty());
  const auto work = ready(Clock::now() + kGroupDelay);
  EXPECT_EQ(work.intents.size(), 5U);
  EXPECT_EQ(taken(work), 1U);
  EXPECT_EQ(work.applied, 3U);
}

TEST_F(CommitQueueTest, WhatIsPushedAfterATakeStandsInTheOtherFile) {
  push(1);
  ready(Clock::now() + kGroupDelay);
  const std::string before = read_file(scratch_.job() + "/tail-0");
  push(1);
  EXPECT_EQ(read_file(scratch_.job() + "/tail-0"), before);
  EXPECT_NE(read_file(scratch_.job() + "/tail-1"), "");
  EXPECT_EQ(ready(Clock::now() + kGroupDelay).applied, 2U);
}

TEST_F(CommitQueueTest, IntentsAloneStayInTheLog) {
  queue_->push(std::vector<store::Intent>(3));
  EXPECT_TRUE(ready(Clock::now() + kGroupDelay).empty());
  queue_->finish();
  const auto work = queue_->take();
  ASSERT_TRUE(work);
  EXPECT_EQ(work->intents.size(), 3U);
}

TEST_F(CommitQueueTest, ResultsGoWhenTheOldestHasWaitedTheGroupDelay) {
  queue_->push(std::vector<store::Intent>(1));
  const auto before = Clock::now();
  push(1);
  push(2);
  EXPECT_TRUE(ready(before + kGroupDelay - kIdleDelay).empty());
  const auto work = ready(Clock::now() + kGroupDelay);
  EXPECT_EQ(taken(work), 3U);
  EXPECT_EQ(work.callbacks.size(), 2U);
}

TEST_F(CommitQueueTest, ResultsHardlyWaitWhenNothingIsInFlightThatCouldBeCompany) {
  queue_->push(std::vector<store::Intent>(2));
  const auto before = Clock::now();
  store::Results one;
  one.settlements.push_back(store::settled(1, 0, 0.5));
  queue_->push(one, [] {});
  EXPECT_TRUE(ready(before + kGroupDelay - kIdleDelay).empty()) << "the other is in flight";
  queue_->push(one, [] {});
  EXPECT_EQ(ready(Clock::now() + kIdleDelay).callbacks.size(), 2U);
}

TEST_F(CommitQueueTest, ResultsGoWhenEnoughOfThemOrTheirBytesHaveGathered) {
  const auto before = Clock::now();
  push(kGroup - 1);
  EXPECT_TRUE(ready(before).empty());
  push(1);
  EXPECT_EQ(taken(ready(Clock::now())), kGroup);
  push(2, kGroupBytes / 2);
  EXPECT_EQ(taken(ready(Clock::now())), 2U);
}

TEST_F(CommitQueueTest, RecordsOnceAnIntervalAfterTheFirstTouch) {
  queue_->touch();
  queue_->touch();
  EXPECT_FALSE(ready(Clock::now()).record);
  const auto later = Clock::now() + kRecordInterval;
  EXPECT_TRUE(ready(later).record);
  EXPECT_FALSE(ready(later + kRecordInterval).record);
}

TEST_F(CommitQueueTest, FinishingTakesAllThereIsAtOnceAndNothingPushedLater) {
  push(1);
  queue_->finish();
  EXPECT_FALSE(push(1));
  EXPECT_FALSE(queue_->push(std::vector<store::Intent>(1)));
  const auto work = queue_->take();
  ASSERT_TRUE(work);
  EXPECT_EQ(taken(*work), 1U);
  EXPECT_TRUE(work->intents.empty());
  EXPECT_FALSE(queue_->take());
}

TEST_F(CommitQueueTest, AbandoningWakesTheTakerWithNothing) {
  push(1);
  std::thread abandoner([&] { queue_->abandon(); });
  while (queue_->take()) {
  }
  abandoner.join();
  EXPECT_TRUE(ready(Clock::now() + kGroupDelay).empty());
}

TEST_F(CommitQueueTest, EmptyResultsStillHaveTheirCallback) {
  queue_->push(store::Results(), [] {});
  EXPECT_EQ(ready(Clock::now() + kGroupDelay).callbacks.size(), 1U);
}

TEST_F(CommitQueueTest, AnEndpointThatIsNotThereIsAnErrorAndNotLogged) {
  EXPECT_FALSE(queue_->push({{.attempt = 1, .endpoint = 2, .worst_cost = {}}}));
  EXPECT_TRUE(ready(Clock::now()).error.has_value());
  EXPECT_EQ(log_->last(), 0U);
}

}  // namespace
}  // namespace sluice::checkpoint
