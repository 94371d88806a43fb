// What a job tells its projection of the past, to prove by: marks of every generation and their
// lines.
#include <gmock/gmock.h>

#include "checkpoint/redo.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

using testing::ElementsAre;

// Writes down all that the past says before it opens.
class AskingProjection final : public Projection {
 public:
  explicit AskingProjection(const std::string& directory) : file_(directory) {}
  core::Result<store::Position> open(store::Position from, Past& past) override {
    may_have_lost = past.may_have_lost();
    answers.clear();
    rejects.clear();
    behind.clear();
    calls = 0;
    for (std::size_t i = 0; i < past.generations(); ++i) {
      answers.push_back(lines(past, i, store::Kind::answer, Past::From::beginning));
      rejects.push_back(lines(past, i, store::Kind::reject, Past::From::beginning));
      behind.push_back(lines(past, i, store::Kind::answer, Past::From::mark) +
                       lines(past, i, store::Kind::reject, Past::From::mark));
    }
    return file_.open(from, past);
  }
  core::Status append(std::string_view a, std::string_view r) override {
    return file_.append(a, r);
  }
  core::Result<store::Mark> write_out() override { return file_.write_out(); }
  core::Status sync() override { return file_.sync(); }
  const std::vector<store::Mark>& marks() const { return file_.past(); }

  bool may_have_lost = false;
  std::vector<std::string> answers, rejects, behind;  // of each generation, the latest first
  int calls = 0;                                      // for all of these

 private:
  // Lines that may be missing in parentheses.
  std::string lines(Past& past, std::size_t i, store::Kind kind, Past::From from) {
    std::string all;
    const auto status =
        past.lines(i, kind, from, [&](std::string_view more, bool optional) -> core::Result<bool> {
          ++calls;
          all += optional ? "(" + std::string(more) + ")" : std::string(more);
          return true;
        });
    EXPECT_TRUE(status.has_value());
    return all;
  }
  FileProjection file_;
};

class PastTest : public testing::Test {
 protected:
  void run(const std::string& fingerprint, std::vector<store::Entry> entries, bool ends = true) {
    auto c = open_checkpoint(options_for(scratch_, fingerprint), projection_);
    ASSERT_NE(c, nullptr);
    commit_now(*c, std::move(entries));
    if (ends) {
      ASSERT_TRUE(c->close().has_value());
    }
  }
  static std::string line(const store::Entry& entry) { return entry.line + "\n"; }

  ScratchDirectory scratch_;
  AskingProjection projection_{scratch_.path()};
};

TEST_F(PastTest, AFirstRunHasNone) {
  run("f1", {});
  EXPECT_TRUE(projection_.answers.empty());
  EXPECT_FALSE(projection_.may_have_lost);
}

TEST_F(PastTest, EveryGenerationIsRememberedAsItWasLeft) {
  run("f1", {answer("a"), reject("b")});
  const std::size_t a = line(answer("a")).size();
  const std::size_t b = line(reject("b")).size();
  run("f2", {answer("c")});
  run("f1", {});  // a third one
  EXPECT_THAT(projection_.answers, ElementsAre(line(answer("c")), line(answer("a"))));
  EXPECT_THAT(projection_.rejects, ElementsAre("", line(reject("b"))));
  EXPECT_THAT(projection_.behind, ElementsAre("", ""));
  const auto mark = [](std::size_t answers, std::size_t rejects) {
    return store::Mark{
        {answers, rejects},
        {"answers:" + std::to_string(answers), "rejects:" + std::to_string(rejects)}};
  };
  EXPECT_THAT(projection_.marks(), ElementsAre(mark(a, 0), mark(a, b)));
}

TEST_F(PastTest, WhatAKilledRunWroteStandsBehindTheMark) {
  run("f1", {answer("a")}, false);
  run("f1", {});
  EXPECT_THAT(projection_.behind, ElementsAre(line(answer("a"))));
}

TEST_F(PastTest, RejectsThatWereTakenBackMayBeMissing) {
  run("f1", {reject("a"), reject("b")});
  ASSERT_EQ(take_back(scratch_.job(), "classify", hash_of("f1"),
                      [](std::string_view text) { return text == reject("a").line; }),
            1U);
  run("f1", {reject("a")});
  const std::string taken = "(" + line(reject("a")) + ")";
  EXPECT_THAT(projection_.rejects, ElementsAre(taken + line(reject("b"))));
  EXPECT_EQ(projection_.marks()[0].proof.rejects, "") << "the file has them or not";
  run("f1", {});
  EXPECT_THAT(projection_.rejects, ElementsAre(taken + line(reject("b")) + line(reject("a"))));
}

TEST_F(PastTest, LinesComeOneByOne) {
  run("f1", {reject("a"), reject("b"), answer("c"), answer("d")});
  run("f1", {});
  EXPECT_EQ(projection_.calls, 4);
}

class BootTest : public PastTest, public testing::WithParamInterface<store::Durability> {};

TEST_P(BootTest, ARunThatDiedWithTheMachineMayHaveLostLinesWhenItDidNotSync) {
  Options options = options_for(scratch_);
  options.durability = GetParam();
  options.boot = "monday";
  open_checkpoint(options, projection_).reset();  // as a crash would
  options.boot = "tuesday";
  open_checkpoint(options, projection_).reset();
  EXPECT_EQ(projection_.may_have_lost, GetParam() == store::Durability::process);
  auto c = open_checkpoint(options, projection_);
  EXPECT_FALSE(projection_.may_have_lost) << "the process alone died";
  ASSERT_TRUE(c->close().has_value());
  options.boot = "wednesday";
  ASSERT_TRUE(open_checkpoint(options, projection_)->close().has_value());
  EXPECT_FALSE(projection_.may_have_lost) << "it had ended";
}

INSTANTIATE_TEST_SUITE_P(All, BootTest,
                         testing::Values(store::Durability::power, store::Durability::process));

}  // namespace
}  // namespace sluice::checkpoint
