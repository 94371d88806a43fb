// Rejects taken back: what is pending then, what the files hold, and what is left alone.
#include "checkpoint/redo.h"

#include <gtest/gtest.h>

#include "checkpoint/view.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

bool all(std::string_view) {
  return true;
}

class RedoTest : public testing::Test {
 protected:
  std::unique_ptr<Checkpoint> open() { return open_checkpoint(options_for(scratch_), projection_); }
  core::Result<std::uint64_t> redo(const std::function<bool(std::string_view)>& wanted = all) {
    return take_back(scratch_.job(), "classify", hash_of("f1"), wanted);
  }
  store::Account stored() { return read_account(scratch_.job()).value_or(store::Account()); }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(RedoTest, RowsArePendingAgainAndTheRejectsFileIsWrittenAnewByTheNextRun) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b"), answer("c"), reject("d")});
  c->set_rows_read(4, true);
  ASSERT_TRUE(c->close().has_value());
  const std::string answers = projection_.answers();
  const std::string rejects = projection_.rejects();

  EXPECT_EQ(redo([](std::string_view line) { return line == reject("b").line; }), 1U);
  EXPECT_EQ(stored().rows_answered, 2U);
  EXPECT_EQ(stored().rows_rejected, 1U);
  EXPECT_EQ(stored().rows_pending(), 1U);
  EXPECT_EQ(projection_.rejects(), rejects) << "the files wait for the next run";

  c = open();
  EXPECT_EQ(projection_.recorded(), (store::Position{answers.size(), 0}));
  EXPECT_EQ(projection_.answers(), answers);
  EXPECT_EQ(projection_.rejects(), reject("d").line + "\n");
  EXPECT_EQ(c->opened().done_rows, 3U);
  EXPECT_FALSE(*c->consume_done(reject("b").row));
  EXPECT_TRUE(*c->consume_done(reject("d").row));
  commit_now(*c, {answer("b")});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(projection_.answers(), answers + answer("b").line + "\n");
  EXPECT_EQ(projection_.rejects(), reject("d").line + "\n");
  EXPECT_EQ(stored().rows_answered, 3U);
  EXPECT_EQ(stored().rows_pending(), 0U);
}

TEST_F(RedoTest, ARowTakenBackTwiceEndsOnce) {
  auto c = open();
  commit_now(*c, {reject("a")});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(redo(), 1U);
  EXPECT_EQ(redo(), 0U);
  c = open();
  commit_now(*c, {reject("a")});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(redo(), 1U);
  c = open();
  EXPECT_EQ(projection_.rejects(), "");
  EXPECT_FALSE(*c->consume_done(reject("a").row));
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(RedoTest, WhatTheCrashedRunDidNotRecordIsTakenBackToo) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b")});
  intend_now(*c, {{7, 0, dollars(1)}});
  c.reset();  // as a crash
  EXPECT_EQ(redo(), 1U);
  c = open();
  EXPECT_EQ(c->opened().maybe_billed, 1U) << "the ledger is not touched by a redo";
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n");
  EXPECT_EQ(projection_.rejects(), "");
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(RedoTest, OnlyTheLastGenerationIsTakenBack) {
  auto c = open();
  commit_now(*c, {reject("a")});
  ASSERT_TRUE(c->close().has_value());
  c = open_checkpoint(options_for(scratch_, "f2"), projection_);
  commit_now(*c, {reject("b"), reject("c")});
  ASSERT_TRUE(c->close().has_value());
  const auto refused = redo();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::pipeline);
  EXPECT_EQ(take_back(scratch_.job(), "classify", hash_of("f2"), all), 2U);
}

TEST_F(RedoTest, IsRefusedWhileARunHasTheJobAndMakesNoJob) {
  const auto none = redo();
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, core::ErrorCode::io);
  EXPECT_FALSE(std::filesystem::exists(scratch_.job()));
  auto c = open();
  const auto busy = redo();
  ASSERT_FALSE(busy.has_value());
  EXPECT_EQ(busy.error().code, core::ErrorCode::busy);
}

TEST_F(RedoTest, ManyBlocksAreTakenBackTogether) {
  auto c = open();
  std::vector<store::Entry> entries;
  for (int i = 0; i < 5000; ++i)
    entries.push_back(i % 3 == 0 ? reject(std::to_string(i)) : answer(std::to_string(i)));
  commit_now(*c, std::move(entries));
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(redo(), 1667U);
  c = open();
  EXPECT_EQ(c->opened().done_rows, 3333U);
  for (int i = 0; i < 5000; ++i)
    EXPECT_EQ(*c->consume_done(answer(std::to_string(i)).row), i % 3 != 0) << i;
  ASSERT_TRUE(c->close().has_value());
}

}  // namespace
}  // namespace sluice::checkpoint
