// What a checkpoint keeps of batches, across runs, kills and readers.
#include <gtest/gtest.h>

#include "checkpoint/view.h"
#include "store/sqlite_store.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

store::BatchRecord batch(const std::string& nonce, store::BatchPhase phase) {
  return {.nonce = nonce,
          .endpoint = 1,
          .phase = phase,
          .input = {},
          .id = {},
          .results = {},
          .word = {},
          .note = {},
          .lines = 10,
          .rows = 30,
          .worst_cost = dollars(2),
          .worst_usage = {},
          .cost = {}};
}

class BatchesTest : public testing::Test {
 protected:
  void commit_batch(Checkpoint& c, const store::BatchRecord& record,
                    std::vector<store::Settlement> settlements = {}) {
    std::promise<void> done;
    store::Results results{std::move(settlements), {}};
    results.batches = {record};
    c.commit(std::move(results), [&] { done.set_value(); });
    done.get_future().wait();
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(BatchesTest, AnOpenBatchKeepsItsWorstCostReservedAndACollectedOneHasBecomeItsLines) {
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    commit_batch(*c, batch("one", store::BatchPhase::intended));
    commit_batch(*c, batch("two", store::BatchPhase::intended));
    EXPECT_EQ(c->account().endpoints.at(1).parked, 20U);
    EXPECT_EQ(c->account().endpoints.at(1).parked_cost, dollars(4));
    ASSERT_TRUE(c->close().has_value());
  }
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    EXPECT_EQ(c->opened().reserved, dollars(4));
    EXPECT_EQ(c->opened().maybe_billed, 0U) << "it is waited for";
    ASSERT_EQ(c->opened().batches.size(), 2U);
    EXPECT_EQ(c->opened().batches[0].nonce, "one");
    auto collected = batch("one", store::BatchPhase::collected);
    collected.cost = dollars(0.75);
    commit_batch(*c, collected, {settled(0, 1, 0.5), settled(0, 1, 0.25)});
    ASSERT_TRUE(c->close().has_value());
  }
  const auto view = View::open(scratch_.job());
  ASSERT_TRUE(view.has_value());
  const store::Account& account = (*view)->account();
  EXPECT_EQ(account.endpoints.at(1).cost, dollars(0.75));
  EXPECT_EQ(account.endpoints.at(1).answered, 2U);
  EXPECT_EQ(account.endpoints.at(1).parked, 10U);
  EXPECT_EQ(account.total().parked_cost, dollars(2));
  ASSERT_EQ(account.batches.size(), 2U);
  EXPECT_EQ(account.batches[0].phase, store::BatchPhase::collected);
}

TEST_F(BatchesTest, WhatOnlyTheLogHasIsThereWholeOrNotAtAll) {
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    commit_batch(*c, batch("one", store::BatchPhase::created));
    store::Results results{{settled(0, 1, 0.5)}, {}};
    results.batches = {batch("one", store::BatchPhase::collected)};
    c->commit(std::move(results), [] {});
    std::filesystem::copy(scratch_.job(), scratch_.path() + "/killed");
    c.reset();
    std::filesystem::remove_all(scratch_.job());
    std::filesystem::rename(scratch_.path() + "/killed", scratch_.job());
  }
  for (int run = 0; run < 2; ++run) {
    FileProjection projection(scratch_.path());
    auto c = open_checkpoint(options_for(scratch_), projection);
    ASSERT_EQ(c->opened().batches.size(), 1U);
    EXPECT_EQ(c->opened().batches[0].phase, store::BatchPhase::collected);
    EXPECT_EQ(c->opened().spent, dollars(0.5)) << "once, however often it is opened";
    EXPECT_EQ(c->opened().reserved, core::Money());
    c.reset();
  }
}

TEST_F(BatchesTest, OneWhoseEndpointThePipelineHasNoMoreStandsBehindThose) {
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    commit_batch(*c, batch("one", store::BatchPhase::created));
    ASSERT_TRUE(c->close().has_value());
  }
  auto options = options_for(scratch_);
  options.endpoints = {"north"};
  auto c = open_checkpoint(options, projection_);
  ASSERT_EQ(c->opened().batches.size(), 1U);
  EXPECT_GE(c->opened().batches[0].endpoint, 1U);
  EXPECT_EQ(c->account().endpoints.at(c->opened().batches[0].endpoint).name, "west");
}

TEST_F(BatchesTest, AFileFromBeforeThereWereBatchesGetsThem) {
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    ASSERT_TRUE(c->close().has_value());
    auto file = store::Connection::open(scratch_.database(), SQLITE_OPEN_READWRITE);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE(file->execute("DROP TABLE batch").has_value());
    ASSERT_TRUE(file->checkpoint_and_close().has_value());
  }
  {
    const auto view = View::open(scratch_.job());
    ASSERT_TRUE(view.has_value());
    EXPECT_TRUE((*view)->account().batches.empty());
  }
  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  commit_batch(*c, batch("one", store::BatchPhase::created));
  EXPECT_EQ(c->account().batches.size(), 1U);
}

}  // namespace
}  // namespace sluice::checkpoint
