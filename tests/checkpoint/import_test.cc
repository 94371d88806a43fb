// What other machines' logs bring into a checkpoint's file.
#include "checkpoint/import.h"

#include <gtest/gtest.h>

#include "checkpoint/view.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

// Keeps what a run appends, as a server would.
class KeptLog final : public wal::SharedLog {
 public:
  void name_endpoints(wal::EndpointNames names) override { names_ = std::move(names); }
  const wal::EndpointNames& names() const { return names_; }
  void append(std::string_view record) override {
    const std::lock_guard lock(mutex_);
    bytes_.append(record);
  }
  core::Status commit() override {
    const std::lock_guard lock(mutex_);
    ++commits_;
    committed_ = bytes_;
    if (fails_) return core::fail(core::ErrorCode::io, "the server is gone");
    return {};
  }
  std::vector<wal::Record> records() const {
    const std::lock_guard lock(mutex_);
    std::vector<wal::Record> all;
    for (std::string_view rest = committed_;;) {
      auto record = wal::take_record(rest);
      if (!record) return all;
      all.push_back(std::move(*record));
    }
  }
  void fail() { fails_ = true; }
  int commits() const { return commits_; }

 private:
  mutable std::mutex mutex_;
  wal::EndpointNames names_;
  std::string bytes_, committed_;
  std::atomic<int> commits_ = 0;
  std::atomic<bool> fails_ = false;
};

class ImportTest : public testing::Test {
 protected:
  // A run elsewhere that answers `rows`, rejects one, and dies with one attempt open.
  void run_elsewhere(KeptLog& log, const std::vector<std::string>& rows, bool open) {
    const ScratchDirectory scratch;
    FileProjection projection(scratch.path());
    Options options = options_for(scratch);
    options.endpoints = {"west"};  // another order of the same
    options.shared_log = &log;
    const auto checkpoint = open_checkpoint(options, projection);
    std::uint64_t attempt = checkpoint->opened().next_attempt;
    for (const std::string& row : rows) {
      intend_now(*checkpoint, {{attempt, 0, dollars(2)}});
      commit_now(*checkpoint, {answer(row, row, "m1")}, {settled(attempt, 0, 1)});
      ++attempt;
    }
    if (open) intend_now(*checkpoint, {{attempt, 0, dollars(2)}});
    if (!open) {
      ASSERT_TRUE(checkpoint->close());
    }
  }
  void import(const std::string& name, const KeptLog& log, bool ended, std::uint64_t parts = 1,
              const std::string& fingerprint = "f1") {
    auto import = Import::open(here_.job(), "classify", hash_of(fingerprint));
    ASSERT_TRUE(import) << import.error().text();
    if ((*import)->whole(name, parts)) return;
    (*import)->begin({.name = name, .endpoints = log.names(), .parts = parts, .ended = ended});
    for (const wal::Record& record : log.records()) {  // one a piece
      const auto added = (*import)->add({&record, 1});
      ASSERT_TRUE(added) << added.error().text();
    }
    ASSERT_TRUE((*import)->end());
    ASSERT_TRUE((*import)->close());
  }
  ScratchDirectory here_;
  FileProjection projection_{here_.path()};
};

TEST_F(ImportTest, WhatAnotherMachineAnsweredIsDoneHere) {
  KeptLog log;
  run_elsewhere(log, {"a", "b"}, false);
  import("one", log, true);
  const auto checkpoint = open_checkpoint(options_for(here_), projection_);
  EXPECT_EQ(checkpoint->opened().done_rows, 2u);
  EXPECT_EQ(checkpoint->opened().maybe_billed, 0u);
  EXPECT_EQ(checkpoint->opened().spent, dollars(2));
  EXPECT_TRUE(*checkpoint->consume_done(answer("a", "a", "m1").row));
  EXPECT_FALSE(*checkpoint->consume_done(answer("c", "c", "m1").row));
  EXPECT_TRUE(*checkpoint->find_answer(answer("b", "b", "m1").question));
  EXPECT_NE(projection_.answers().find(answer("a", "a", "m1").line), std::string::npos);
  const store::Account account = checkpoint->account();
  EXPECT_EQ(account.endpoints.at(1).name, "west");
  EXPECT_EQ(account.endpoints.at(1).answered, 2u) << "east has other numbers there";
}

TEST_F(ImportTest, TakesARecordOnceHoweverOftenItsLogIsGiven) {
  KeptLog log;
  run_elsewhere(log, {"a", "b"}, true);
  import("one", log, false);
  import("one", log, false);
  import("one", log, true);
  import("one", log, true);
  const auto checkpoint = open_checkpoint(options_for(here_), projection_);
  EXPECT_EQ(checkpoint->opened().done_rows, 2u);
  EXPECT_EQ(checkpoint->opened().spent, dollars(4)) << "two answers, and one that may be billed";
}

TEST_F(ImportTest, WhatALogLeftOpenMayHaveBeenBilledOnceItHasEnded) {
  KeptLog one, two;
  run_elsewhere(one, {"a"}, true);
  run_elsewhere(two, {"b"}, true);  // with the same numbers of attempts
  import("one", one, true);
  import("two", two, true);
  const auto checkpoint = open_checkpoint(options_for(here_), projection_);
  const store::EndpointLedger total = checkpoint->account().total();
  EXPECT_EQ(total.maybe_billed, 2u);
  EXPECT_EQ(total.maybe_billed_cost, dollars(4));
  EXPECT_EQ(checkpoint->opened().spent, dollars(6));
}

TEST_F(ImportTest, WhoWasOnlyThoughtDeadMaySettleWhatItHadOpen) {
  KeptLog log;
  const ScratchDirectory scratch;
  FileProjection projection(scratch.path());
  Options options = options_for(scratch);
  options.shared_log = &log;
  const auto there = open_checkpoint(options, projection);
  intend_now(*there, {{1, 0, dollars(2)}, {2, 0, dollars(2)}});
  import("one", log, true);
  EXPECT_EQ(read_account(here_.job())->total().maybe_billed, 2u);
  commit_now(*there, {answer("late", "late", "m1")}, {settled(1, 0, 1)});
  import("one", log, true, 2);
  import("one", log, true, 2);
  const store::EndpointLedger total = read_account(here_.job())->total();
  EXPECT_EQ(total.maybe_billed, 1u);
  EXPECT_EQ(total.maybe_billed_cost, dollars(2));
  EXPECT_EQ(total.cost, dollars(1));
  EXPECT_EQ(read_account(here_.job())->rows_answered, 1u);
}

TEST_F(ImportTest, RowsThatAreNotTheJobsAnyMoreCostAndDoNotCount) {
  KeptLog log;
  run_elsewhere(log, {"a", "b"}, false);
  auto import = Import::open(here_.job(), "classify", hash_of("f1"));
  ASSERT_TRUE(import);
  const std::vector<wal::Record> records = log.records();
  (*import)->begin({.name = "one", .endpoints = log.names(), .rows_until = records[1].sequence});
  ASSERT_TRUE((*import)->add(records));
  ASSERT_TRUE((*import)->close());
  const auto account = read_account(here_.job());
  EXPECT_EQ(account->rows_answered, 1u);
  EXPECT_EQ(account->total().cost, dollars(2));
}

TEST_F(ImportTest, OfARowThatEndedTwiceOneEntryGoesTheRejectBeforeTheAnswer) {
  KeptLog one, two;
  run_elsewhere(one, {"a", "b"}, false);
  import("one", one, true);
  {
    const auto checkpoint = open_checkpoint(options_for(here_), projection_);
    commit_now(*checkpoint, {reject("a")});
    ASSERT_TRUE(checkpoint->close());
  }
  const core::Hash128 row = reject("a").row;
  for (int times = 0; times < 2; ++times) {
    auto import = Import::open(here_.job(), "classify", hash_of("f1"));
    ASSERT_TRUE((*import)->withdraw({row}));
    ASSERT_TRUE((*import)->close());
    EXPECT_EQ(read_account(here_.job())->rows_answered, 2u);
    EXPECT_EQ(read_account(here_.job())->rows_rejected, 0u);
  }
}

TEST_F(ImportTest, AnswersOfAnotherGenerationAreFoundByQuestionAlone) {
  KeptLog log;
  run_elsewhere(log, {"a"}, false);
  import("one", log, true);
  const auto checkpoint = open_checkpoint(options_for(here_, "f2"), projection_);
  EXPECT_EQ(checkpoint->opened().done_rows, 0u);
  EXPECT_FALSE(*checkpoint->consume_done(answer("a", "a", "m1").row));
  EXPECT_TRUE(*checkpoint->find_answer(answer("a", "a", "m1").question));
}

TEST_F(ImportTest, ABatchThatIsOutElsewhereIsOutHereAndItsMoneyReserved) {
  KeptLog log;
  {
    const ScratchDirectory scratch;
    FileProjection projection(scratch.path());
    Options options = options_for(scratch);
    options.endpoints = {"north", "west"};
    options.shared_log = &log;
    const auto checkpoint = open_checkpoint(options, projection);
    std::promise<void> durable;
    store::Results results;
    results.batches = {{.nonce = "ab12",
                        .endpoint = 1,
                        .phase = store::BatchPhase::created,
                        .id = "batch_7",
                        .lines = 10,
                        .worst_cost = dollars(3)}};
    checkpoint->commit(std::move(results), [&] { durable.set_value(); });
    durable.get_future().wait();
    ASSERT_TRUE(checkpoint->close());
  }
  import("one", log, true);
  FileProjection projection(here_.path());
  const auto checkpoint = open_checkpoint(options_for(here_), projection);
  ASSERT_EQ(checkpoint->opened().batches.size(), 1U);
  const store::BatchRecord& batch = checkpoint->opened().batches.front();
  EXPECT_EQ(batch.id, "batch_7");
  EXPECT_EQ(batch.phase, store::BatchPhase::created);
  const store::Account account = checkpoint->account();
  EXPECT_EQ(account.endpoints[batch.endpoint].name, "west") << "by name, not by number";
  EXPECT_EQ(account.endpoints[batch.endpoint].parked_cost, dollars(3)) << "reserved";
}

TEST_F(ImportTest, AMissingRecordIsToldOf) {
  KeptLog log;
  run_elsewhere(log, {"a", "b", "c"}, false);
  auto import = Import::open(here_.job(), "classify", hash_of("f1"));
  ASSERT_TRUE(import);
  (*import)->begin({.name = "one", .endpoints = log.names()});
  std::vector<wal::Record> records = log.records();
  records.erase(records.begin() + 1);
  const auto added = (*import)->add(records);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, core::ErrorCode::corrupt);
}

TEST_F(ImportTest, ARunFailsWhereItsSharedLogDoes) {
  KeptLog log;
  Options options = options_for(here_);
  options.shared_log = &log;
  const auto checkpoint = open_checkpoint(options, projection_);
  std::promise<core::Error> failed;
  checkpoint->on_failure([&](core::Error error) { failed.set_value(std::move(error)); });
  commit_now(*checkpoint, {answer("a", "a", "m1")});
  EXPECT_GE(log.commits(), 1);
  log.fail();
  bool durable = false;
  EXPECT_FALSE(checkpoint->intend({{1, 0, dollars(1)}}, [&] { durable = true; }));
  EXPECT_EQ(failed.get_future().get().message, "the server is gone");
  EXPECT_FALSE(checkpoint->close());
  EXPECT_FALSE(durable);
}

}  // namespace
}  // namespace sluice::checkpoint
