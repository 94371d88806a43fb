// What a killed run left in its write-ahead log is found by readers, and taken over by the next run.
#include "checkpoint/recovery.h"

#include <gtest/gtest.h>

#include <fstream>

#include "checkpoint/redo.h"
#include "checkpoint/view.h"
#include "store/sqlite_store.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

store::Intent intent(std::uint64_t attempt, std::uint32_t endpoint = 0) {
  return {.attempt = attempt,
          .endpoint = endpoint,
          .worst_cost = dollars(0.5),
          .worst_usage = {.input = 300, .output = 40}};
}

// A checkpoint whose process dies while the log holds what the file does not.
class RecoveryTest : public testing::Test {
 protected:
  // Two intents and the results of the first, a reject among them, that nothing has applied yet:
  // the directory as it is then, put back once the run has gone.
  void SetUp() override {
    auto options = options_for(scratch_);
    auto c = open_checkpoint(options, projection_);
    commit_now(*c, {answer("applied")}, {settled(1, 0, 1)});
    intend_now(*c, {intent(2), intent(3, 1)});
    c->commit({{settled(2, 0, 0.25)}, {answer("a"), reject("b")}}, [] {});
    std::filesystem::copy(scratch_.job(), scratch_.path() + "/killed");
    c.reset();
    std::filesystem::remove_all(scratch_.job());
    std::filesystem::rename(scratch_.path() + "/killed", scratch_.job());
    const auto stored = store::SqliteStore::open_reader(scratch_.job());
    ASSERT_TRUE(stored.has_value());
    ASSERT_EQ((*stored)->job()->answered, 1U) << "only the log has the rest";
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(RecoveryTest, AViewHasWhatOnlyTheLogHas) {
  const auto view = View::open(scratch_.job());
  ASSERT_TRUE(view.has_value()) << view.error().text();
  const store::Account& account = (*view)->account();
  EXPECT_EQ(account.rows_answered, 2U);
  EXPECT_EQ(account.rows_rejected, 1U);
  EXPECT_GE(account.rows_read, 3U);
  EXPECT_EQ(account.endpoints.at(0).cost, dollars(1.25));
  EXPECT_EQ(account.endpoints.at(0).maybe_billed, 0U);
  EXPECT_EQ(account.endpoints.at(1).maybe_billed, 1U);
  EXPECT_EQ(account.endpoints.at(1).maybe_billed_cost, dollars(0.5));
  std::vector<std::string> lines;
  std::vector<std::uint64_t> places;
  ASSERT_TRUE((*view)
                  ->each([&](const View::Ended& ended) -> core::Status {
                    lines.emplace_back(ended.line);
                    places.push_back(ended.place);
                    return {};
                  })
                  .has_value());
  EXPECT_EQ(lines, (std::vector{answer("applied").line, answer("a").line, reject("b").line}));
  for (std::size_t i = 0; i < places.size(); ++i)
    EXPECT_EQ((*view)->line_at(places[i])->text, lines[i]);
}

TEST_F(RecoveryTest, TheNextRunHasItAndWritesItsLines) {
  FileProjection projection(scratch_.path());
  auto c = open_checkpoint(options_for(scratch_), projection);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->opened().done_rows, 3U);
  EXPECT_EQ(c->opened().maybe_billed, 1U);
  EXPECT_EQ(c->opened().maybe_billed_cost, dollars(0.5));
  EXPECT_EQ(c->opened().next_attempt, 4U);
  EXPECT_EQ(c->opened().spent, dollars(1.75));
  EXPECT_TRUE(*c->consume_done(answer("a").row));
  EXPECT_TRUE(*c->consume_done(reject("b").row));
  EXPECT_TRUE(c->find_answer(answer("a").question)->has_value());
  commit_now(*c, {answer("c")});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(projection.answers(),
            answer("applied").line + "\n" + answer("a").line + "\n" + answer("c").line + "\n");
  EXPECT_EQ(projection.rejects(), reject("b").line + "\n");
}

TEST_F(RecoveryTest, ItIsTakenOverOnce) {
  for (int run = 0; run < 3; ++run) {
    FileProjection projection(scratch_.path());
    auto c = open_checkpoint(options_for(scratch_), projection);
    ASSERT_NE(c, nullptr);
    EXPECT_EQ(c->opened().done_rows, 3U) << run;
    EXPECT_EQ(c->account().total().maybe_billed, 1U) << run;
    c.reset();  // a crash again
  }
}

// Bytes of the write-ahead log's files, the one with the latest record first.
std::pair<std::string, std::size_t> newest_log(const std::string& job, std::uint64_t& sequence) {
  std::pair<std::string, std::size_t> newest;
  for (const char* name : {"/tail-0", "/tail-1"}) {
    const std::string bytes = read_file(job + name);
    std::string_view rest = bytes;
    while (const auto record = wal::take_record(rest)) {
      if (record->sequence < sequence) continue;
      sequence = record->sequence;
      newest = {job + name, bytes.size() - rest.size()};
    }
  }
  return newest;
}

TEST_F(RecoveryTest, AReplayThatFailsAtItsLastRecordHasWrittenNothing) {
  std::uint64_t sequence = 0;
  const auto [path, end] = newest_log(scratch_.job(), sequence);
  const std::string log = read_file(path);
  const std::vector<store::Intent> intents = {intent(9)};
  const std::vector<std::uint32_t> numbers = {99};  // of an endpoint that was never stored
  std::string record = wal::encode(intents, numbers);
  wal::seal(record, sequence + 1);
  std::ofstream(path, std::ios::binary) << log.substr(0, end) << record;

  const auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::corrupt);
  {
    const auto stored = store::SqliteStore::open_reader(scratch_.job());
    ASSERT_TRUE(stored.has_value());
    EXPECT_EQ((*stored)->job()->answered, 1U);
    EXPECT_EQ((*stored)->job()->rejected, 0U);
  }
  EXPECT_EQ(read_file(path), log.substr(0, end) + record) << "the log stands as it was";

  std::ofstream(path, std::ios::binary) << log;
  FileProjection projection(scratch_.path());
  auto c = open_checkpoint(options_for(scratch_), projection);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->opened().done_rows, 3U);
  EXPECT_EQ(c->opened().spent, dollars(1.75));
}

TEST_F(RecoveryTest, ARunWithAnotherQuestionAndOtherEndpointsHasItToo) {
  auto options = options_for(scratch_, "f2");
  options.endpoints = {"north", "west"};
  FileProjection projection(scratch_.path());
  auto c = open_checkpoint(options, projection);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->opened().done_rows, 0U) << "a new generation";
  EXPECT_EQ(c->opened().spent, dollars(1.75));
  EXPECT_EQ(c->account().endpoints.at(1).name, "west");
  EXPECT_EQ(c->account().endpoints.at(1).maybe_billed, 1U);
  EXPECT_TRUE(c->find_answer(answer("a").question)->has_value());
}

TEST_F(RecoveryTest, ARejectThatOnlyTheLogHasCanBeTakenBack) {
  EXPECT_EQ(
      take_back(scratch_.job(), "classify", hash_of("f1"), [](std::string_view) { return true; }),
      1U);
  FileProjection projection(scratch_.path());
  auto c = open_checkpoint(options_for(scratch_), projection);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->opened().done_rows, 2U);
  EXPECT_FALSE(*c->consume_done(reject("b").row));
}

TEST_F(RecoveryTest, ALogWithoutItsFileIsNotWrittenOver) {
  std::filesystem::remove(scratch_.database());
  std::filesystem::remove(scratch_.database() + "-wal");
  const auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::corrupt);
  EXPECT_NE(refused.error().message.find("write-ahead log"), std::string::npos);
}

TEST_F(RecoveryTest, AtTheEndNothingIsLeftOfIt) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_TRUE(c->close().has_value());
  EXPECT_FALSE(std::filesystem::exists(scratch_.job() + "/tail-0"));
  EXPECT_FALSE(std::filesystem::exists(scratch_.job() + "/tail-1"));
  EXPECT_EQ(read_account(scratch_.job())->rows_answered, 2U);
}

}  // namespace
}  // namespace sluice::checkpoint
