// What a kill or a power cut leaves of the tail log is a prefix of what was appended, and the file
// and the log together are what the flow was told is durable.
#include "checkpoint/tail_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "checkpoint/redo.h"
#include "checkpoint/store.h"
#include "checkpoint/view.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

constexpr std::uint32_t kNumbers[] = {7, 9};

Intent intent(std::uint64_t attempt, std::uint32_t endpoint = 0) {
  return {.attempt = attempt,
          .endpoint = endpoint,
          .worst_cost = dollars(0.5),
          .worst_usage = {.input = 300, .output = 40}};
}

std::string sealed(std::string record, std::uint64_t sequence) {
  seal(record, sequence);
  return record;
}

TEST(TailRecordTest, IntentsComeBackAsTheyWent) {
  const std::vector<Intent> intents = {intent(1), intent(2, 1)};
  const std::string bytes = sealed(encode(intents, kNumbers), 42);
  std::string_view rest = bytes;
  const auto record = take_record(rest);
  ASSERT_TRUE(record);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(record->sequence, 42U);
  ASSERT_EQ(record->intents.size(), 2U);
  EXPECT_EQ(record->intents[1].attempt, 2U);
  EXPECT_EQ(record->intents[1].endpoint, 9U);
  EXPECT_EQ(record->intents[1].worst_cost, dollars(0.5));
  EXPECT_EQ(record->intents[1].worst_usage, (provider::Usage{.input = 300, .output = 40}));
}

TEST(TailRecordTest, ResultsComeBackAsTheyWent) {
  Results results{{settled(1, 1, 0.25), settled(2, 0, 0.5)}, {answer("a"), reject("b")}};
  results.settlements[0].charged = dollars(0.75);
  results.settlements[0].estimate = dollars(0.125);
  results.settlements[1].answered = false;
  results.settlements[1].billing = provider::Billing::possible;
  const std::string bytes = sealed(encode(results, kNumbers), 1);
  std::string_view rest = bytes;
  const auto record = take_record(rest);
  ASSERT_TRUE(record);
  ASSERT_EQ(record->results.settlements.size(), 2U);
  ASSERT_EQ(record->results.entries.size(), 2U);
  const Settlement& first = record->results.settlements[0];
  EXPECT_EQ(first.endpoint, 9U);
  EXPECT_TRUE(first.answered);
  EXPECT_EQ(first.usage, results.settlements[0].usage);
  EXPECT_EQ(first.cost, dollars(0.25));
  EXPECT_EQ(first.estimate, dollars(0.125));
  EXPECT_EQ(first.charged, dollars(0.75));
  const Settlement& second = record->results.settlements[1];
  EXPECT_FALSE(second.answered);
  EXPECT_EQ(second.billing, provider::Billing::possible);
  EXPECT_FALSE(second.charged);
  for (std::size_t i = 0; i < 2; ++i) {
    const Entry& entry = record->results.entries[i];
    const Entry& went = results.entries[i];
    EXPECT_EQ(entry.row, went.row);
    EXPECT_EQ(entry.question, went.question);
    EXPECT_EQ(entry.kind, went.kind);
    EXPECT_EQ(entry.model, went.model);
    EXPECT_EQ(entry.line, went.line);
    EXPECT_EQ(entry.answer_at, went.answer_at);
  }
}

TEST(TailRecordTest, NoBitMayChangeAndNoByteMayBeMissing) {
  const std::string bytes =
      sealed(encode(Results{{settled(1, 1, 0.25)}, {answer("a")}}, kNumbers), 3);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    std::string_view rest = changed;
    EXPECT_FALSE(take_record(rest)) << bit;
    EXPECT_EQ(rest.size(), changed.size()) << "nothing is taken then";
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view rest = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(take_record(rest)) << size;
  }
}

TEST(TailRecordTest, ZerosAreNoRecord) {
  const std::string zeros(4096, '\0');
  std::string_view rest = zeros;
  EXPECT_FALSE(take_record(rest));
}

class TailLogTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(scratch_.job()); }
  std::unique_ptr<TailLog> make(std::uint64_t last = 0, Durability durability = Durability::power) {
    auto log = TailLog::create(scratch_.job(), durability, last);
    EXPECT_TRUE(log.has_value()) << log.error().text();
    return std::move(*log);
  }
  static void append(TailLog& log) {
    const std::vector<Intent> intents = {intent(log.last() + 1)};
    ASSERT_TRUE(log.append(encode(intents, kNumbers)).has_value());
  }
  std::vector<std::uint64_t> read(std::uint64_t folded, bool outrun = false) const {
    const auto tail = read_tail(scratch_.job(), folded);
    EXPECT_TRUE(tail.has_value());
    EXPECT_EQ(tail->outrun, outrun);
    std::vector<std::uint64_t> sequences;
    for (const TailRecord& record : tail->records) sequences.push_back(record.sequence);
    return sequences;
  }
  std::string path(int i) const { return scratch_.job() + "/tail-" + std::to_string(i); }
  using Sequences = std::vector<std::uint64_t>;

  ScratchDirectory scratch_;
};

TEST_F(TailLogTest, WithoutFilesThereIsNothing) {
  EXPECT_EQ(read(0), Sequences());
}

TEST_F(TailLogTest, RecordsOfBothFilesInTheOrderOfTheirNumbers) {
  const auto log = make(10);
  append(*log);
  append(*log);
  log->turn();
  append(*log);
  EXPECT_EQ(log->last(), 13U);
  EXPECT_EQ(read(10), (Sequences{11, 12, 13}));
  EXPECT_EQ(read(12), Sequences{13});
  EXPECT_EQ(read(13), Sequences());
  log->turn();
  append(*log);  // over 11
  EXPECT_EQ(read(12), (Sequences{13, 14}));
}

TEST_F(TailLogTest, AReaderWhoseRecordsWereOverwrittenIsToldSo) {
  const auto log = make();
  append(*log);
  log->turn();
  append(*log);
  log->turn();
  append(*log);
  EXPECT_EQ(read(0, true), Sequences());
}

TEST_F(TailLogTest, FilesAreMadeEmptySoNothingOfAnEarlierRunComesBack) {
  {
    const auto log = make();
    for (int i = 0; i < 5; ++i) append(*log);
  }
  const auto log = make(2);
  append(*log);
  EXPECT_EQ(read(2), Sequences{3}) << "4 and 5 stood behind it";
}

TEST_F(TailLogTest, APreallocatedFileKeepsItsSize) {
  const auto log = make();
  append(*log);
  EXPECT_TRUE(log->sync().has_value());
  EXPECT_EQ(std::filesystem::file_size(path(0)), TailLog::kPreallocated);
  log->remove();
  EXPECT_FALSE(std::filesystem::exists(path(0)) || std::filesystem::exists(path(1)));
}

// Whatever pages of what was not synced the disk kept.
TEST_F(TailLogTest, AfterAPowerCutItIsAPrefixThatHasAllThatWasSynced) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    std::filesystem::remove(path(0));
    std::filesystem::remove(path(1));
    const auto log = make();
    std::uint64_t folded = 0, synced = 0;
    std::string durable[2] = {read_file(path(0)), read_file(path(1))};
    for (int step = 0; step < 60; ++step) {
      for (std::uint32_t n = 1 + random() % 40; n > 0; --n) append(*log);
      if (random() % 2 == 0) {
        ASSERT_TRUE(log->sync().has_value());
        synced = log->last();
        for (int i = 0; i < 2; ++i) durable[i] = read_file(path(i));
      }
      if (random() % 3 == 0) {
        folded = log->last();  // in the checkpoint, durably
        log->turn();
      }
    }
    for (int i = 0; i < 2; ++i) {
      std::string written = read_file(path(i));
      durable[i].resize(written.size());
      constexpr std::size_t kSector = 512;
      for (std::size_t at = 0; at < written.size(); at += kSector)
        if (random() % 2 == 0) written.replace(at, kSector, durable[i].substr(at, kSector));
      write_file(path(i), written);
    }
    const auto tail = read_tail(scratch_.job(), folded);
    ASSERT_TRUE(tail.has_value());
    std::uint64_t last = folded;
    for (const TailRecord& record : tail->records) {
      ASSERT_EQ(record.sequence, ++last) << "seed " << seed;
      ASSERT_EQ(record.intents.at(0).attempt, last) << "seed " << seed;
    }
    EXPECT_GE(last, synced) << "seed " << seed;
    EXPECT_LE(last, log->last());
  }
}

// A checkpoint whose process dies while the log holds what the file does not.
class RecoveryTest : public testing::Test {
 protected:
  // Two intents and the results of the first, a reject among them, that nothing has folded yet:
  // the directory as it is then, put back once the run has gone.
  void SetUp() override {
    auto options = options_for(scratch_);
    auto c = open_checkpoint(options, projection_);
    commit_now(*c, {answer("folded")}, {settled(1, 0, 1)});
    intend_now(*c, {intent(2), intent(3, 1)});
    c->commit({{settled(2, 0, 0.25)}, {answer("a"), reject("b")}}, [] {});
    std::filesystem::copy(scratch_.job(), scratch_.path() + "/killed");
    c.reset();
    std::filesystem::remove_all(scratch_.job());
    std::filesystem::rename(scratch_.path() + "/killed", scratch_.job());
    const auto stored = Store::open_reader(scratch_.job());
    ASSERT_TRUE(stored.has_value());
    ASSERT_EQ((*stored)->job()->answered, 1U) << "only the log has the rest";
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(RecoveryTest, AViewHasWhatOnlyTheLogHas) {
  const auto view = View::open(scratch_.job());
  ASSERT_TRUE(view.has_value()) << view.error().text();
  const Account& account = (*view)->account();
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
  EXPECT_EQ(lines, (std::vector{answer("folded").line, answer("a").line, reject("b").line}));
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
  EXPECT_TRUE(*c->take_done(answer("a").row));
  EXPECT_TRUE(*c->take_done(reject("b").row));
  EXPECT_TRUE(c->find_answer(answer("a").question)->has_value());
  commit_now(*c, {answer("c")});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(projection.answers(),
            answer("folded").line + "\n" + answer("a").line + "\n" + answer("c").line + "\n");
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
  EXPECT_FALSE(*c->take_done(reject("b").row));
}

TEST_F(RecoveryTest, ALogWithoutItsFileIsNotWrittenOver) {
  std::filesystem::remove(scratch_.database());
  std::filesystem::remove(scratch_.database() + "-wal");
  const auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::corrupt);
  EXPECT_NE(refused.error().message.find("tail log"), std::string::npos);
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
