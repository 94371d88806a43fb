// Answers of other jobs whose checkpoints stand in one folder.
#include "checkpoint/shared_answers.h"

#include <gmock/gmock.h>

#include "support.h"

namespace sluice::checkpoint {
namespace {

class SharedAnswersTest : public testing::Test {
 protected:
  Options options(const std::string& job) const {
    Options options = options_for(scratch_);
    options.directory = scratch_.path() + "/store/" + job;
    options.job = job;
    options.share = scratch_.path() + "/store";
    return options;
  }
  // A projection of its own for each job.
  std::unique_ptr<Projection> projection(const std::string& job) const {
    std::filesystem::create_directories(scratch_.path() + "/" + job);
    return std::make_unique<FileProjection>(scratch_.path() + "/" + job);
  }
  void run(const std::string& job, std::vector<store::Entry> entries) const {
    const auto sink = projection(job);
    const auto c = open_checkpoint(options(job), *sink);
    commit_now(*c, std::move(entries));
    ASSERT_TRUE(c->close().has_value());
  }
  core::Result<std::unique_ptr<SharedAnswers>> look(const std::string& own,
                                                    std::vector<std::string> models = {
                                                        "m1", "m2"}) const {
    return SharedAnswers::open(scratch_.path() + "/store", scratch_.path() + "/store/" + own,
                               std::move(models));
  }

  ScratchDirectory scratch_;
};

TEST_F(SharedAnswersTest, AnotherJobsAnswerIsFoundByItsQuestion) {
  run("first", {answer("a", "red"), answer("b", "green", "m2"), reject("c")});
  const auto sink = projection("second");
  const auto c = open_checkpoint(options("second"), *sink);
  EXPECT_EQ((*c->find_answer(answer("a").question))->members, R"("label":"red")");
  EXPECT_EQ((*c->find_answer(answer("b").question))->model, "m2");
  EXPECT_EQ(*c->find_answer(reject("c").question), std::nullopt) << "a reject is no answer";
  EXPECT_EQ(*c->find_answer(answer("d").question), std::nullopt);
  EXPECT_FALSE(*c->consume_done(answer("a").row)) << "its rows are not ours";
  EXPECT_TRUE(c->close().has_value());
}

TEST_F(SharedAnswersTest, OnlyAnswersByTheModelsInUseHold) {
  run("first", {answer("a", "red", "m1"), answer("b", "green", "m2")});
  const auto shared = look("second", {"m2"});
  ASSERT_TRUE(shared.has_value());
  EXPECT_EQ(*(*shared)->find(answer("a").question), std::nullopt);
  EXPECT_TRUE((*shared)->find(answer("b").question)->has_value());
}

TEST_F(SharedAnswersTest, ItsOwnCheckpointIsNotAmongThemHoweverItIsSpelt) {
  run("first", {answer("a")});
  const auto shared = look("../store/./first");
  ASSERT_TRUE(shared.has_value());
  EXPECT_EQ((*shared)->jobs(), 0U);
}

TEST_F(SharedAnswersTest, WhatARunningJobCommitsIsFoundAWhileLater) {
  const auto sink = projection("first");
  const auto running = open_checkpoint(options("first"), *sink);
  const auto shared = look("second");
  ASSERT_TRUE(shared.has_value());
  EXPECT_EQ((*shared)->jobs(), 1U);
  EXPECT_EQ(*(*shared)->find(answer("late").question), std::nullopt);
  commit_now(*running, {answer("late")});
  const auto deadline = std::chrono::steady_clock::now() + 20 * SharedAnswers::kLookAgain;
  bool found = false;
  while (!found && std::chrono::steady_clock::now() < deadline)
    found = (*shared)->find(answer("late").question)->has_value();
  EXPECT_TRUE(found);
  EXPECT_TRUE(running->close().has_value());
}

TEST_F(SharedAnswersTest, ADamagedNeighbourIsNamed) {
  run("first", {answer("a")});
  const std::string file = scratch_.path() + "/store/first/checkpoint.db";
  write_file(file, "not a checkpoint");
  const auto shared = look("second");
  ASSERT_FALSE(shared.has_value());
  EXPECT_EQ(shared.error().code, core::ErrorCode::corrupt);
  EXPECT_EQ(shared.error().where, file);
}

TEST_F(SharedAnswersTest, AFolderThatIsNotThereYetIsMadeAndHoldsNobody) {
  const auto shared = look("second");
  ASSERT_TRUE(shared.has_value());
  EXPECT_EQ((*shared)->jobs(), 0U);
  EXPECT_EQ(*(*shared)->find(answer("a").question), std::nullopt);
}

}  // namespace
}  // namespace sluice::checkpoint
