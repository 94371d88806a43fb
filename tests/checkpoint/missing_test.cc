// Rows that have left the input: what close() takes out, what is found again, and what a crash in
// the middle leaves.
#include <gtest/gtest.h>

#include "checkpoint/view.h"
#include "checkpoint/withdraw.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

class MissingTest : public testing::Test {
 protected:
  std::unique_ptr<Checkpoint> open() { return open_checkpoint(options_for(scratch_), projection_); }
  // A run that has read these rows, all of which ended earlier, and drops the others.
  void run(const std::vector<store::Entry>& rows) {
    auto c = open();
    for (const store::Entry& row : rows) EXPECT_TRUE(*c->consume_done(row.row)) << row.line;
    c->set_rows_read(rows.size(), true);
    c->drop_missing();
    ASSERT_TRUE(c->close().has_value());
  }
  store::Account stored() { return read_account(scratch_.job()).value_or(store::Account()); }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(MissingTest, TheirLinesGoAndTheOthersKeepTheirOrder) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b"), answer("c"), answer("d"), reject("e")});
  c->set_rows_read(5, true);
  ASSERT_TRUE(c->close().has_value());

  run({answer("d"), reject("e"), answer("a")});
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n" + answer("d").line + "\n");
  EXPECT_EQ(projection_.rejects(), reject("e").line + "\n");
  EXPECT_EQ(stored().rows_answered, 2U);
  EXPECT_EQ(stored().rows_rejected, 1U);
  EXPECT_EQ(stored().rows_read, 3U);
  EXPECT_TRUE(stored().input_complete);

  run({answer("a"), answer("d"), reject("e")});
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n" + answer("d").line + "\n");
}

TEST_F(MissingTest, AnAnswerIsFoundAgainByItsQuestion) {
  auto c = open();
  commit_now(*c, {answer("a"), answer("b")});
  ASSERT_TRUE(c->close().has_value());
  run({answer("b")});

  c = open();
  EXPECT_FALSE(*c->consume_done(answer("a").row)) << "its row is a new one";
  const auto found = c->find_answer(answer("a").question);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->has_value()) << "and has its answer all the same";
  commit_now(*c, {answer("a")});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(projection_.answers(), answer("b").line + "\n" + answer("a").line + "\n");
  EXPECT_EQ(stored().rows_answered, 2U);
}

TEST_F(MissingTest, OccurrencesAreCounted) {
  auto c = open();
  commit_now(*c, {answer("a"), answer("a"), answer("b"), answer("a")});
  ASSERT_TRUE(c->close().has_value());
  run({answer("a"), answer("b")});
  EXPECT_EQ(stored().rows_answered, 2U);
  EXPECT_EQ(projection_.answers(), answer("b").line + "\n" + answer("a").line + "\n");
}

TEST_F(MissingTest, AllOfThemMayGo) {
  auto c = open();
  std::vector<store::Entry> entries;
  for (int i = 0; i < 3000; ++i) entries.push_back(answer(std::to_string(i)));
  commit_now(*c, std::move(entries));
  ASSERT_TRUE(c->close().has_value());
  run({});
  EXPECT_EQ(projection_.answers(), "");
  EXPECT_EQ(stored().rows_answered, 0U);
  run({});
}

TEST_F(MissingTest, ARunThatDoesNotSayThatItHasReadAllDropsNothing) {
  auto c = open();
  commit_now(*c, {answer("a"), answer("b")});
  ASSERT_TRUE(c->close().has_value());
  c = open();
  EXPECT_TRUE(*c->consume_done(answer("a").row));
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(c->unmatched(), 1U);
  EXPECT_EQ(stored().rows_answered, 2U);
}

// What a crash between the transaction and the new files leaves.
TEST_F(MissingTest, WhatWasWithdrawnBeforeACrashIsTakenOutByTheNextRun) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b"), answer("c")});
  ASSERT_TRUE(c->close().has_value());
  {
    auto store = store::SqliteStore::open(scratch_.job());
    ASSERT_TRUE(store.has_value());
    const auto withdrawn =
        withdraw_missing(**store, [](const core::Hash128& row) { return row == answer("a").row; });
    EXPECT_EQ(withdrawn, 1U);
    ASSERT_TRUE((*store)->close().has_value());
  }
  auto view = View::open_at_rest(scratch_.job(), "classify");
  ASSERT_TRUE(view.has_value());
  std::vector<std::string> withdrawn;
  ASSERT_TRUE((*view)
                  ->each([&](const View::Ended& e) -> core::Status {
                    if (e.withdrawn) withdrawn.emplace_back(e.line);
                    return {};
                  })
                  .has_value());
  EXPECT_EQ(withdrawn, std::vector<std::string>{answer("a").line});
  view->reset();

  c = open();
  EXPECT_EQ(projection_.answers(), answer("c").line + "\n");
  EXPECT_EQ(projection_.rejects(), reject("b").line + "\n");
  ASSERT_TRUE(c->close().has_value());
}

}  // namespace
}  // namespace sluice::checkpoint
