// Records of formats 1 to 4, whose rows and questions have other names than today: each is found by
// the row that it is of, once, and has its present name from then on.
#include "checkpoint/old_names.h"

#include <gmock/gmock.h>

#include "checkpoint/view.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

// The names that row NAME has today; answer() and reject() give it those that it had.
store::RowNames now_of(const std::string& name) {
  return {core::name128("row", {name}), core::name128("question", {name})};
}
store::RowNames old_of(const std::string& name) {
  return {answer(name).row, answer(name).question};
}

class OldNamesTest : public testing::Test {
 protected:
  // As an older sluice left it behind.
  void make_old(std::vector<store::Entry> entries, const std::string& fingerprint = "f1") {
    for (store::Entry& entry : entries) entry.old_names = true;
    open(fingerprint);
    commit_now(*c_, std::move(entries));
    close();
  }
  void open(const std::string& fingerprint = "f1") {
    projection_.emplace(scratch_.path());
    c_ = open_checkpoint(options_for(scratch_, fingerprint), *projection_);
    ASSERT_NE(c_, nullptr);
  }
  void close() {
    ASSERT_TRUE(c_->close().has_value());
    c_.reset();
  }
  bool done(const std::string& name) {
    return *c_->consume_done_by_old_name(old_of(name), now_of(name));
  }
  std::optional<std::string> found(const store::RowNames& old, const store::RowNames& now) {
    const auto answer = c_->find_answer_by_old_name(old, now);
    EXPECT_TRUE(answer.has_value());
    return *answer ? std::optional((*answer)->members) : std::nullopt;
  }

  ScratchDirectory scratch_;
  std::optional<FileProjection> projection_;
  std::unique_ptr<Checkpoint> c_;
};

TEST_F(OldNamesTest, ARowThatEndedIsFoundOnceAndHasItsPresentNamesInTheNextRun) {
  make_old({answer("a"), reject("b"), answer("c")});
  open();
  EXPECT_TRUE(c_->has_old_names());
  EXPECT_EQ(c_->opened().done_rows, 3U);
  EXPECT_EQ(c_->unmatched(), 3U);
  EXPECT_FALSE(*c_->consume_done(now_of("a").row));
  EXPECT_TRUE(done("a"));
  EXPECT_FALSE(done("a")) << "it occurred once";
  EXPECT_TRUE(done("b"));
  EXPECT_FALSE(done("x"));
  EXPECT_EQ(c_->unmatched(), 1U);
  close();

  open();
  EXPECT_TRUE(c_->has_old_names()) << "c was not read";
  EXPECT_TRUE(*c_->consume_done(now_of("a").row));
  EXPECT_TRUE(*c_->consume_done(now_of("b").row));
  EXPECT_FALSE(done("a"));
  const auto answer = c_->find_answer(now_of("a").question);
  ASSERT_TRUE(answer.has_value() && answer->has_value());
  EXPECT_EQ((*answer)->members, R"("label":"x")");
  EXPECT_TRUE(done("c"));
  close();

  open();
  EXPECT_FALSE(c_->has_old_names());
  EXPECT_EQ(c_->unmatched(), 3U);
  EXPECT_EQ(projection_->rejects(), reject("b").line + "\n");
  close();
}

TEST_F(OldNamesTest, AnotherPromptOfTheSameOldNameDoesNotGetTheAnswer) {
  make_old({answer("a")});
  open();
  const store::RowNames a = old_of("a");
  const store::RowNames forged{old_of("b").row, a.question};
  EXPECT_EQ(found(forged, now_of("b")), std::nullopt) << "before the row that it was made for";
  EXPECT_TRUE(done("a"));
  EXPECT_EQ(found(forged, now_of("b")), std::nullopt) << "and after it";
  const store::RowNames twin{now_of("twin").row, now_of("a").question};
  EXPECT_EQ(found({old_of("twin").row, a.question}, twin), R"("label":"x")")
      << "the same prompt does";
  close();
  open();
  EXPECT_EQ(found(forged, now_of("b")), std::nullopt);
  close();
}

TEST_F(OldNamesTest, InANewGenerationAnAnswerGoesToOnePromptAlone) {
  make_old({answer("a"), answer("b")});
  open("f2");
  EXPECT_TRUE(c_->has_old_names());
  EXPECT_FALSE(done("a")) << "its line is to be written again";
  const store::RowNames other{now_of("new key").row, now_of("a").question};
  EXPECT_EQ(found({old_of("new key").row, old_of("a").question}, other), R"("label":"x")");
  EXPECT_EQ(found(old_of("a"), now_of("b")), std::nullopt);
  close();
  open("f2");
  EXPECT_EQ(found(old_of("a"), now_of("b")), std::nullopt) << "nor in a later run";
  const auto kept = c_->find_answer(now_of("a").question);
  EXPECT_TRUE(kept.has_value() && kept->has_value());
  EXPECT_EQ(found(old_of("b"), now_of("b")), R"("label":"x")");
  close();
}

TEST_F(OldNamesTest, WhatAKilledOldRunLeftInTheLogKeepsItsOldNames) {
  open();
  store::Entry old = answer("a");
  old.old_names = true;
  c_->commit({{}, {old}}, [] {});
  c_.reset();  // as a crash would

  open();
  EXPECT_EQ(c_->opened().done_rows, 1U);
  EXPECT_TRUE(done("a"));
  close();
}

TEST_F(OldNamesTest, ManyEqualRowsAreFoundOneByOne) {
  constexpr int kRows = 3000;
  std::vector<store::Entry> entries(kRows, answer("same"));
  for (store::Entry& entry : entries) entry.old_names = true;
  open();
  commit_now(*c_, entries);
  close();
  open();
  for (int i = 0; i < kRows; ++i) ASSERT_TRUE(done("same")) << i;
  EXPECT_FALSE(done("same"));
  EXPECT_EQ(c_->unmatched(), 0U);
  close();
  open();
  EXPECT_FALSE(c_->has_old_names());
  EXPECT_EQ(c_->unmatched(), static_cast<std::uint64_t>(kRows));
  close();
}

// As many as are written while the run goes on.
TEST_F(OldNamesTest, RenamingsAreWrittenInBatches) {
  constexpr std::size_t kRows = OldNames::kBatch + 5000;
  const auto name = [](std::size_t i) { return std::to_string(i); };
  open();
  std::vector<store::Entry> entries;
  for (std::size_t i = 0; i < kRows; ++i) {
    entries.push_back(answer(name(i)));
    entries.back().old_names = true;
  }
  commit_now(*c_, std::move(entries));
  close();
  open();
  for (std::size_t i = 0; i < kRows; ++i) ASSERT_TRUE(done(name(i))) << i;
  c_.reset();  // a crash: a batch has been handed over, the rest is lost

  open();
  std::size_t by_old_name = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    if (*c_->consume_done(now_of(name(i)).row)) continue;
    ASSERT_TRUE(done(name(i))) << i;
    ++by_old_name;
  }
  EXPECT_GE(by_old_name, 5000U);
  EXPECT_EQ(c_->unmatched(), 0U);
  close();
  open();
  EXPECT_FALSE(c_->has_old_names());
  close();
}

TEST_F(OldNamesTest, AJobThatSharesFindsThemOnceTheirOwnJobHasRun) {
  make_old({answer("a")});
  const auto shares = [&] {
    ScratchDirectory other;
    FileProjection projection(other.path());
    Options options = options_for(other);
    options.share = scratch_.path();
    auto c = open_checkpoint(options, projection);
    const auto answer = c->find_answer(now_of("a").question);
    const auto by_old_name = c->find_answer(old_of("a").question);
    EXPECT_TRUE(by_old_name.has_value() && !by_old_name->has_value());
    const bool found = answer.has_value() && answer->has_value();
    EXPECT_TRUE(c->close().has_value());
    return found;
  };
  EXPECT_FALSE(shares());
  open();
  EXPECT_TRUE(done("a"));
  close();
  EXPECT_TRUE(shares());
}

TEST_F(OldNamesTest, AViewSaysWhichRowsHaveThem) {
  make_old({answer("a"), answer("b")});
  open();
  EXPECT_TRUE(done("b"));
  close();
  const auto view = View::open(scratch_.job());
  ASSERT_TRUE(view.has_value());
  std::vector<std::pair<core::Hash128, bool>> rows;
  ASSERT_TRUE((*view)
                  ->each([&](const View::Ended& ended) -> core::Status {
                    rows.emplace_back(ended.row, ended.old_row);
                    return {};
                  })
                  .has_value());
  EXPECT_THAT(rows, testing::ElementsAre(std::pair(old_of("a").row, true),
                                         std::pair(now_of("b").row, false)));
}

}  // namespace
}  // namespace sluice::checkpoint
