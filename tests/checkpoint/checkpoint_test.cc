// One process, one job: what is committed is found again.
#include "checkpoint/checkpoint.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "checkpoint/journal.h"
#include "index/hash_index.h"
#include "index/spilled_multiset.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

using testing::HasSubstr;

class CheckpointTest : public testing::Test {
 protected:
  std::unique_ptr<Checkpoint> open(const Options& options) {
    return open_checkpoint(options, projection_);
  }
  std::unique_ptr<Checkpoint> open(const std::string& fingerprint = "f1") {
    return open(options_for(scratch_, fingerprint));
  }
  void close(std::unique_ptr<Checkpoint>& checkpoint) {
    const auto status = checkpoint->close();
    EXPECT_TRUE(status.has_value()) << status.error().text();
    checkpoint.reset();
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(CheckpointTest, AFreshJobHasNothingBehindIt) {
  auto c = open();
  EXPECT_FALSE(c->opened().resumed);
  EXPECT_EQ(c->opened().done_rows, 0U);
  EXPECT_EQ(c->opened().maybe_billed, 0U);
  EXPECT_EQ(c->opened().next_attempt, 1U);
  EXPECT_EQ(c->opened().spent, core::Money());
  EXPECT_TRUE(projection_.past().empty());
  EXPECT_FALSE(*c->consume_done(answer("a").row));
  EXPECT_EQ(*c->find_answer(answer("a").question), std::nullopt);
  close(c);
}

TEST_F(CheckpointTest, EveryLineIsProjectedOnceInTheOrderOfItsCommit) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b")});
  commit_now(*c, {reject("c"), answer("d")});
  close(c);
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n" + answer("d").line + "\n");
  EXPECT_EQ(projection_.rejects(), reject("b").line + "\n" + reject("c").line + "\n");
}

TEST_F(CheckpointTest, AResumedRunTakesWhatIsDoneOnceForEachOccurrence) {
  auto c = open();
  commit_now(*c, {answer("a"), answer("a"), reject("b")});
  close(c);

  c = open();
  EXPECT_TRUE(c->opened().resumed);
  EXPECT_EQ(c->opened().done_rows, 3U);
  EXPECT_EQ(c->unmatched(), 3U);
  EXPECT_TRUE(*c->consume_done(answer("a").row));
  EXPECT_TRUE(*c->consume_done(answer("a").row));
  EXPECT_FALSE(*c->consume_done(answer("a").row));
  EXPECT_FALSE(*c->consume_done(answer("new").row));
  EXPECT_EQ(c->unmatched(), 1U);
  EXPECT_FALSE(projection_.past().empty());
  commit_now(*c, {answer("e")});
  close(c);
  EXPECT_EQ(projection_.answers(),
            answer("a").line + "\n" + answer("a").line + "\n" + answer("e").line + "\n");
}

TEST_F(CheckpointTest, ACommittedAnswerIsFoundInTheSameRunAndInALaterOne) {
  auto c = open();
  commit_now(*c, {answer("a", "billing"), reject("b")});
  for (int run = 0; run < 2; ++run) {
    const auto found = c->find_answer(answer("a").question);
    ASSERT_TRUE(found.has_value() && found->has_value()) << run;
    EXPECT_EQ((*found)->members, R"("label":"billing")");
    EXPECT_EQ((*found)->model, "m1");
    EXPECT_EQ(*c->find_answer(reject("b").question), std::nullopt);
    close(c);
    c = open();
  }
  close(c);
}

TEST_F(CheckpointTest, AnAnswerWithoutMembersIsFoundEmpty) {
  auto c = open();
  store::Entry entry = answer("a");
  entry.line = R"({"id":1})";
  entry.answer_at = static_cast<std::uint32_t>(entry.line.size()) - 1;
  commit_now(*c, {entry});
  EXPECT_EQ((*c->find_answer(entry.question))->members, "");
  close(c);
}

TEST_F(CheckpointTest, AnAnswerThatWasNeverAskedForIsNotShared) {
  auto c = open();
  store::Entry entry = answer("a");
  entry.question = {};
  commit_now(*c, {entry});
  EXPECT_EQ(*c->find_answer({}), std::nullopt);
  close(c);
}

TEST_F(CheckpointTest, QuestionsThatTheIndexCannotTellApartKeepTheirOwnAnswers) {
  auto c = open();
  store::Entry first = answer("first", "one");
  store::Entry second = answer("second", "two");
  first.question = {1, 0xabcdef0000000000};
  second.question = {2, 0xabcdef0000000000};
  commit_now(*c, {first});
  EXPECT_EQ(*c->find_answer(second.question), std::nullopt);
  commit_now(*c, {second});
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ((*c->find_answer(first.question))->members, R"("label":"one")");
    EXPECT_EQ((*c->find_answer(second.question))->members, R"("label":"two")");
    EXPECT_EQ(*c->find_answer({3, 0xabcdef0000000000}), std::nullopt);
    close(c);
    c = open();
  }
  close(c);
}

TEST_F(CheckpointTest, AnswersOfOtherModelsAreNotGivenButKept) {
  auto c = open();
  commit_now(*c,
             {answer("a", "by m1", "m1"), answer("b", "by m2", "m2"), answer("c", "by m3", "m3")});
  EXPECT_EQ(*c->find_answer(answer("c").question), std::nullopt);
  close(c);

  Options other = options_for(scratch_);
  other.models = {"m2", "m3"};
  c = open(other);
  EXPECT_EQ(*c->find_answer(answer("a").question), std::nullopt);
  EXPECT_EQ((*c->find_answer(answer("b").question))->members, R"("label":"by m2")");
  EXPECT_EQ((*c->find_answer(answer("c").question))->model, "m3");
  // The same question by another model; both stay findable.
  commit_now(*c, {answer("a", "now by m2", "m2")});
  EXPECT_EQ((*c->find_answer(answer("a").question))->members, R"("label":"now by m2")");
  close(c);
  other.models = {"m1"};
  c = open(other);
  EXPECT_EQ((*c->find_answer(answer("a").question))->members, R"("label":"by m1")");
  close(c);
  other.models = {"m2"};
  c = open(other);
  EXPECT_EQ((*c->find_answer(answer("a").question))->members, R"("label":"now by m2")");
  close(c);
}

TEST_F(CheckpointTest, EqualQuestionsShareOneAnswerHoweverManyRowsHaveIt) {
  auto c = open();
  for (int round = 0; round < 30; ++round) {
    std::vector<store::Entry> entries;
    for (int i = 0; i < 2000; ++i) {
      store::Entry entry = answer(std::to_string(i % 50));
      entry.row = hash_of(std::to_string(round * 2000 + i));
      entries.push_back(entry);
    }
    commit_now(*c, std::move(entries));
  }
  close(c);
  c = open();
  EXPECT_EQ(c->opened().done_rows, 60000U);
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE((*c->find_answer(answer(std::to_string(i)).question)).has_value());
  close(c);
}

TEST_F(CheckpointTest, AChangedFingerprintBeginsAnewButSharesTheAnswers) {
  auto c = open("f1");
  commit_now(*c, {answer("a"), answer("b")});
  close(c);

  c = open("f2");
  EXPECT_FALSE(c->opened().resumed);
  EXPECT_EQ(c->opened().done_rows, 0U);
  EXPECT_EQ(projection_.recorded(), store::Position());
  EXPECT_FALSE(projection_.past().empty());
  EXPECT_FALSE(*c->consume_done(answer("a").row));
  EXPECT_TRUE((*c->find_answer(answer("a").question)).has_value());
  store::Entry again = answer("a");
  again.line = R"({"other":"columns","label":"x"})";
  commit_now(*c, {again});
  EXPECT_EQ(c->account().rows_answered, 1U);
  close(c);
  EXPECT_EQ(projection_.answers(), again.line + "\n");

  c = open("f2");
  EXPECT_TRUE(c->opened().resumed);
  EXPECT_EQ(c->opened().done_rows, 1U);
  EXPECT_TRUE(*c->consume_done(again.row));
  EXPECT_TRUE((*c->find_answer(answer("b").question)).has_value());
  close(c);
  EXPECT_EQ(projection_.answers(), again.line + "\n");

  c = open("f1");  // back again is a change, too
  EXPECT_FALSE(c->opened().resumed);
  close(c);
  EXPECT_EQ(projection_.answers(), "");
}

TEST_F(CheckpointTest, AnOutputThatIsGoneOrShorterIsWrittenAgain) {
  auto c = open();
  for (int i = 0; i < 5; ++i)
    commit_now(*c, {answer(std::to_string(i)), reject(std::to_string(i))});
  close(c);
  const std::string answers = projection_.answers();
  const std::string rejects = projection_.rejects();

  std::filesystem::remove(projection_.answers_path());
  c = open();
  close(c);
  EXPECT_EQ(projection_.answers(), answers);
  EXPECT_EQ(projection_.rejects(), rejects);

  std::filesystem::resize_file(projection_.answers_path(), answers.size() / 2);
  c = open();
  commit_now(*c, {answer("more")});
  close(c);
  EXPECT_EQ(projection_.answers(), answers + answer("more").line + "\n");
  EXPECT_EQ(projection_.rejects(), rejects);
}

TEST_F(CheckpointTest, WhatStandsBeyondTheRecordedPositionIsCutOff) {
  auto c = open();
  commit_now(*c, {answer("a")});
  close(c);
  const std::string answers = projection_.answers();
  write_file(projection_.answers_path(), answers + "{\"torn\":");
  c = open();
  close(c);
  EXPECT_EQ(projection_.answers(), answers);
}

TEST_F(CheckpointTest, DestroyedWithoutCloseIsACrashThatLosesNothingCommitted) {
  auto c = open();
  commit_now(*c, {answer("a")});
  intend_now(*c, {{.attempt = 7, .endpoint = 1, .worst_cost = dollars(2)}});
  c.reset();
  c = open();
  EXPECT_EQ(c->opened().done_rows, 1U);
  EXPECT_EQ(c->opened().maybe_billed, 1U);
  close(c);
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n");
}

TEST_F(CheckpointTest, AProjectionThatRefusesLeavesTheCheckpointAsItWas) {
  write_file(projection_.answers_path(), "somebody's work\n");
  auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("already exists"));
  EXPECT_EQ(projection_.answers(), "somebody's work\n");
  std::filesystem::remove(projection_.answers_path());
  auto c = open();
  EXPECT_TRUE(projection_.past().empty());
  close(c);
}

TEST_F(CheckpointTest, AFailingProjectionEndsTheRunOnceAndLosesNothing) {
  auto c = open();
  std::promise<core::Error> failed;
  c->on_failure([&](core::Error error) { failed.set_value(std::move(error)); });
  projection_.fail_appends();
  commit_now(*c, {answer("a")});
  EXPECT_EQ(failed.get_future().get().message, "cannot append");
  std::atomic<bool> called = false;
  c->commit({{}, {answer("b")}}, [&] { called = true; });
  intend(*c, {{.attempt = 1, .endpoint = 0, .worst_cost = {}}}, [&] { called = true; });
  const auto status = c->close();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "cannot append");
  EXPECT_FALSE(called);
  c.reset();

  FileProjection healthy(scratch_.path());
  c = open_checkpoint(options_for(scratch_), healthy);
  EXPECT_EQ(c->opened().done_rows, 1U);
  close(c);
  EXPECT_EQ(healthy.answers(), answer("a").line + "\n");
}

TEST_F(CheckpointTest, CallbacksOfOneKindRunInTheOrderOfTheirCalls) {
  auto options = options_for(scratch_);
  options.durability =
      store::Durability::power;  // else intents are durable before there is a callback
  auto c = open_checkpoint(options, projection_);
  std::vector<int> intents;
  std::vector<int> commits;
  for (int i = 0; i < 200; ++i) {
    std::vector<store::Intent> many(50);  // a few would be synced at once, without a callback
    for (std::size_t n = 0; n < many.size(); ++n)
      many[n].attempt = static_cast<std::uint64_t>(i) * many.size() + n + 1;
    EXPECT_FALSE(c->intend(std::move(many), [&intents, i] { intents.push_back(i); }));
    c->commit({{}, {answer(std::to_string(i))}}, [&commits, i] { commits.push_back(i); });
  }
  close(c);
  std::vector<int> expected(200);
  for (int i = 0; i < 200; ++i) expected[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(intents, expected);
  EXPECT_EQ(commits, expected);
}

TEST_F(CheckpointTest, AnAnswerIsFoundFromTheMomentItsCallbackRuns) {
  auto c = open();
  constexpr int kAnswers = 3000;
  std::atomic<int> durable = 0;
  std::thread submitter([&] {
    for (int i = 0; i < kAnswers; ++i)
      c->commit({{}, {answer(std::to_string(i), std::to_string(i))}}, [&] { ++durable; });
  });
  int missed = 0;
  for (int seen = 0; seen < kAnswers;) {
    for (const int now = durable; seen < now; ++seen) {
      const auto found = c->find_answer(answer(std::to_string(seen)).question);
      if (!found || !*found || (*found)->members != "\"label\":\"" + std::to_string(seen) + "\"")
        ++missed;
    }
  }
  submitter.join();
  EXPECT_EQ(missed, 0);
  close(c);
}

TEST_F(CheckpointTest, LargeAndManyLinesComeBackWhole) {
  auto c = open();
  std::vector<store::Entry> entries;
  for (int i = 0; i < 3000; ++i)
    entries.push_back(
        answer(std::to_string(i), std::string(static_cast<std::size_t>(i % 700), 'y')));
  entries.push_back(answer("huge", std::string(5'000'000, 'z')));
  std::string text;
  for (const store::Entry& entry : entries) text += entry.line + "\n";
  commit_now(*c, entries);
  close(c);
  EXPECT_EQ(projection_.answers(), text);
  std::filesystem::remove(projection_.answers_path());
  c = open();
  EXPECT_EQ(projection_.answers(), text);
  for (const store::Entry& entry : entries) {
    const auto found = c->find_answer(entry.question);
    ASSERT_TRUE(found.has_value() && found->has_value());
    EXPECT_EQ("{\"id\"", entry.line.substr(0, 5));
    EXPECT_TRUE(entry.line.ends_with((*found)->members + "}"));
    EXPECT_EQ((*found)->members.size(), entry.line.size() - entry.answer_at - 1);
  }
  close(c);
}

TEST_F(CheckpointTest, WhenTheIndexCannotBeWrittenTheRunEndsAndLosesNothingCommitted) {
  const Options options = options_for(scratch_);
  std::filesystem::create_directories(options.directory);
  FileProjection projection(scratch_.path());
  std::vector<store::Results> results(1);
  for (int i = 0; i < 100; ++i) results[0].entries.push_back(answer(std::to_string(i)));
  {
    index::HashIndex index(scratch_.path() + "/nowhere", 64);
    index::SpilledMultiset done(options.directory);
    auto journal = Journal::open(*store::SqliteStore::open(options.directory), options, projection,
                                 index, done);
    ASSERT_TRUE(journal.has_value());
    const auto status = (*journal)->commit({}, results);
    ASSERT_FALSE(status.has_value());
    EXPECT_THAT(status.error().message, HasSubstr("nothing that was committed is lost"));
  }
  auto c = open_checkpoint(options, projection);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->opened().done_rows, 100U);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(*c->consume_done(answer(std::to_string(i)).row));
  EXPECT_TRUE(c->close().has_value());
}

}  // namespace
}  // namespace sluice::checkpoint
