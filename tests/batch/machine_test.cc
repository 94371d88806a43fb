// One batch's way, against OpenAI's form of the API; the tests say what time it is.
#include "batch/machine.h"

#include <gtest/gtest.h>

#include "codec/registry.h"

namespace sluice::batch {
namespace {

using store::BatchPhase;

class MachineTest : public testing::Test {
 protected:
  MachineTest() {
    provider::EndpointSpec spec;
    spec.provider = codec::find_provider("openai");
    spec.base_url = "https://api.openai.com/v1";
    spec.model = "m";
    spec.batch = true;
    api_ = codec::make_batch_api(spec);
  }
  Machine machine(BatchPhase phase, bool fresh) {
    store::BatchRecord record;
    record.nonce = "n1";
    record.phase = phase;
    record.lines = 10;
    record.intended_at = seconds();
    if (phase >= BatchPhase::uploaded) record.input = "file-1";
    if (phase >= BatchPhase::created) {
      record.id = "batch_1";
      record.created_at = seconds();
    }
    return Machine(*api_, record, fresh, Patience(), std::chrono::hours(24));
  }
  std::int64_t seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count();
  }
  void answer(Machine& m, int status, std::string_view body, Step step) {
    ASSERT_EQ(m.next(now_).step, step);
    if (m.next(now_).at > now_) now_ = m.next(now_).at;
    m.took(step, {.status = status, .body = body}, now_);
  }
  void no_answer(Machine& m, Step step) {
    ASSERT_EQ(m.next(now_).step, step);
    if (m.next(now_).at > now_) now_ = m.next(now_).at;
    m.took(step, {.status = 0, .sent = true, .message = "reset"}, now_);
  }

  std::unique_ptr<provider::BatchApi> api_;
  core::WallTime now_{std::chrono::seconds(1'790'000'000)};
};

constexpr std::string_view kFile = R"({"id":"file-1"})";
constexpr std::string_view kEmpty = R"({"data":[],"has_more":false})";
constexpr std::string_view kRunning = R"({"id":"batch_1","status":"in_progress"})";

TEST_F(MachineTest, GoesFromItsIntentToItsResults) {
  Machine m = machine(BatchPhase::intended, true);
  EXPECT_TRUE(m.changed()) << "the intent is made durable first";
  m.durable();
  answer(m, 200, kFile, Step::upload);
  EXPECT_EQ(m.record().phase, BatchPhase::uploaded);
  EXPECT_TRUE(m.changed()) << "before create() is sent";
  m.durable();
  answer(m, 200, kRunning, Step::create);
  EXPECT_EQ(m.record().id, "batch_1");
  m.durable();
  answer(m, 200, kRunning, Step::poll);
  EXPECT_FALSE(m.changed());
  answer(m, 200, R"({"id":"batch_1","status":"completed","output_file_id":"f2"})", Step::poll);
  EXPECT_EQ(m.record().phase, BatchPhase::ended);
  EXPECT_EQ(m.next(now_).step, Step::collect);
  m.collected(9, core::Money::picodollars(7), now_);
  EXPECT_EQ(m.record().failed, 1U);
  EXPECT_EQ(m.next(now_).step, Step::clean_up);
  m.cleaned();
  EXPECT_EQ(m.next(now_).step, Step::none);
}

TEST_F(MachineTest, AnUnknownOutcomeIsSearchedForAndNotCreatedAgainWhereItIsFound) {
  Machine m = machine(BatchPhase::intended, true);
  answer(m, 200, kFile, Step::upload);
  no_answer(m, Step::create);
  answer(m, 200, kEmpty, Step::search);
  answer(m, 200, R"({"data":[{"id":"other","metadata":{"sluice":"n2"}}],"has_more":true})",
         Step::search);
  answer(m, 200, R"({"data":[{"id":"batch_7","status":"in_progress","metadata":{"sluice":"n1"}}]})",
         Step::search);
  EXPECT_EQ(m.record().id, "batch_7");
  EXPECT_EQ(m.next(now_).step, Step::poll);
}

TEST_F(MachineTest, WhatNoSearchFindsIsCreatedAgainAndNotSooner) {
  Machine m = machine(BatchPhase::uploaded, false);  // a new process: it may have been created
  const core::WallTime began = now_;
  for (int i = 0; i < Patience().searches; ++i) answer(m, 200, kEmpty, Step::search);
  EXPECT_GE(now_ - began, Patience().search * 9 / 10);
  EXPECT_EQ(m.next(now_).step, Step::create);
}

TEST_F(MachineTest, WithoutUploadsOnlyOneThatMayBeThereIsInDoubtAfterACrash) {
  provider::EndpointSpec spec;
  spec.provider = codec::find_provider("anthropic");
  spec.base_url = "https://api.anthropic.com";
  spec.model = "m";
  spec.batch = true;
  api_ = codec::make_batch_api(spec);
  Machine m = machine(BatchPhase::intended, true);
  m.durable();
  const auto after_a_crash = [&] { return Machine(*api_, m.record(), false, Patience(), {}); };
  EXPECT_FALSE(after_a_crash().in_doubt()) << "it was not sent";
  m.creating();
  EXPECT_TRUE(m.changed()) << "before create() is sent";
  EXPECT_TRUE(after_a_crash().in_doubt());
  m.took(Step::create, {.status = 429}, now_);
  EXPECT_TRUE(m.changed());
  EXPECT_FALSE(after_a_crash().in_doubt()) << "it was refused for certain";
  m.room_again();
  m.creating();
  m.took(Step::create, {.status = 0, .sent = true}, now_);
  EXPECT_TRUE(after_a_crash().in_doubt());
  for (int i = 0; i < Patience().searches; ++i) answer(m, 200, kEmpty, Step::search);
  EXPECT_FALSE(after_a_crash().in_doubt()) << "it never came about";
  EXPECT_EQ(m.next(now_).step, Step::create);
}

TEST_F(MachineTest, ACallThatWasNotSentIsNoDoubt) {
  Machine m = machine(BatchPhase::intended, true);
  answer(m, 200, kFile, Step::upload);
  ASSERT_EQ(m.next(now_).step, Step::create);
  m.took(Step::create, {.status = 0, .sent = false, .message = "no connection"}, now_);
  EXPECT_FALSE(m.in_doubt());
  EXPECT_EQ(m.next(now_).step, Step::create);
  EXPECT_GT(m.next(now_).at, now_) << "after a pause";
}

TEST_F(MachineTest, ARefusalDropsItAndSaysWhy) {
  Machine m = machine(BatchPhase::intended, true);
  answer(m, 200, kFile, Step::upload);
  m.took(Step::create, {.status = 403, .message = "unknown model"}, now_);
  EXPECT_EQ(m.record().phase, BatchPhase::dropped);
  EXPECT_EQ(m.refused(), "unknown model");
}

TEST_F(MachineTest, ARefusalThatMayBeOfAFileNotFoundYetCountsWhenItIsRepeated) {
  for (const bool found : {true, false}) {
    Machine m = machine(BatchPhase::intended, true);
    answer(m, 200, kFile, Step::upload);
    const core::WallTime began = now_;
    for (int i = 0; i < 2; ++i) answer(m, 400, "No such File object: file-1", Step::create);
    EXPECT_EQ(m.record().phase, BatchPhase::uploaded);
    EXPECT_FALSE(m.in_doubt());
    answer(m, found ? 200 : 400, kRunning, Step::create);
    EXPECT_GE(now_ - began, std::chrono::seconds(3));
    EXPECT_EQ(m.record().phase, found ? BatchPhase::created : BatchPhase::dropped);
  }
}

TEST_F(MachineTest, ResultsThatWereHardToFetchAreNotThoseOfABatchThatNeverEnded) {
  Machine m = machine(BatchPhase::created, false);
  answer(m, 200, R"({"id":"batch_1","status":"completed","output_file_id":"f2"})", Step::poll);
  m.put_off("broken off", now_);
  EXPECT_EQ(m.record().note, "broken off");
  EXPECT_FALSE(m.never_ended());
  m.collected(9, core::Money(), now_);
  EXPECT_EQ(m.record().note, "");
}

TEST_F(MachineTest, NoRoomIsNoRefusal) {
  Machine m = machine(BatchPhase::created, false);
  answer(
      m, 200,
      R"({"id":"batch_1","status":"failed","errors":{"data":[{"code":"token_limit_exceeded"}]}})",
      Step::poll);
  EXPECT_TRUE(m.no_room());
  EXPECT_EQ(m.record().phase, BatchPhase::uploaded);
  m.durable();
  m.room_again();
  EXPECT_EQ(m.next(now_).step, Step::create);
  EXPECT_GT(m.next(now_).at, now_) << "not at once";
  m.too_large();
  EXPECT_EQ(m.record().phase, BatchPhase::dropped);
  EXPECT_TRUE(store::decode_batch(store::encode(m.record(), 0))->no_room);
}

TEST_F(MachineTest, AStateThatNobodyKnowsHasNotEndedButTheWindowBoundsIt) {
  Machine m = machine(BatchPhase::created, false);
  const std::string_view odd = R"({"id":"batch_1","status":"pondering"})";
  answer(m, 200, odd, Step::poll);
  EXPECT_EQ(m.record().phase, BatchPhase::created);
  now_ += std::chrono::hours(25);
  answer(m, 200, "{}", Step::cancel);
  EXPECT_TRUE(m.record().cancelled);
  for (int i = 0; m.record().phase == BatchPhase::created && i < 1000; ++i)
    answer(m, 200, odd, Step::poll);
  EXPECT_EQ(m.record().phase, BatchPhase::ended);
  EXPECT_TRUE(m.never_ended()) << "its lines may have been billed";
  m.put_off("broken off", now_);
  m.collected(0, core::Money(), now_);
  EXPECT_EQ(m.record().note, "it never ended");
}

TEST_F(MachineTest, OneThatIsNotFoundAtFirstIsAskedForAgain) {
  Machine m = machine(BatchPhase::created, false);
  for (int i = 0; i < 3; ++i) answer(m, 404, "{}", Step::poll);
  EXPECT_EQ(m.record().phase, BatchPhase::created);
  answer(m, 200, kRunning, Step::poll);
  EXPECT_EQ(m.record().phase, BatchPhase::created);
}

TEST_F(MachineTest, CancellingKeepsWhatIsDone) {
  Machine m = machine(BatchPhase::created, false);
  m.cancel();
  answer(m, 200, R"({"id":"batch_1","status":"cancelling"})", Step::cancel);
  m.durable();
  answer(m, 200, R"({"id":"batch_1","status":"cancelled","output_file_id":"f2"})", Step::poll);
  EXPECT_EQ(m.next(now_).step, Step::collect);
  EXPECT_EQ(m.record().results, "f2");
}

TEST_F(MachineTest, OnlyWhatWasFoundByTimeAndSizeMayBeAnothers) {
  Machine by_nonce = machine(BatchPhase::uploaded, false);
  answer(by_nonce, 200,
         R"({"data":[{"id":"b","status":"in_progress","metadata":{"sluice":"n1"}}]})",
         Step::search);
  EXPECT_FALSE(by_nonce.record().inferred);
  Machine by_size = machine(BatchPhase::uploaded, false);
  answer(
      by_size, 200,
      R"({"data":[{"id":"b","status":"in_progress","created_at":1790000000,"request_counts":{"total":10}}]})",
      Step::search);
  EXPECT_EQ(by_size.record().id, "b");
  EXPECT_TRUE(by_size.record().inferred);
  EXPECT_TRUE(store::decode_batch(store::encode(by_size.record(), 0))->inferred);
}

TEST_F(MachineTest, ResultsOfAnotherBatchSendItBackToTheSearch) {
  Machine m = machine(BatchPhase::ended, false);
  m.not_ours(now_);
  EXPECT_EQ(m.record().id, "");
  EXPECT_EQ(m.next(now_).step, Step::search);
}

}  // namespace
}  // namespace sluice::batch
