// What a kill or a power cut leaves of the write-ahead log is a prefix of what was appended, and the file
// and the log together are what the flow was told is durable.
#include "wal/wal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/scratch.h"
#include "tests/store/make_records.h"

namespace sluice::wal {
namespace {

using store::answer;
using store::dollars;
using store::reject;
using store::settled;

constexpr std::uint32_t kNumbers[] = {7, 9};

store::Intent intent(std::uint64_t attempt, std::uint32_t endpoint = 0) {
  return {.attempt = attempt,
          .endpoint = endpoint,
          .worst_cost = dollars(0.5),
          .worst_usage = {.input = 300, .output = 40}};
}

std::string sealed(std::string record, std::uint64_t sequence) {
  seal(record, sequence);
  return record;
}

TEST(RecordTest, IntentsComeBackAsTheyWent) {
  const std::vector<store::Intent> intents = {intent(1), intent(2, 1)};
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

TEST(RecordTest, BatchesComeBackWithTheResultsThatTheyStandBeside) {
  store::BatchRecord batch{.nonce = "n1",
                           .endpoint = 1,
                           .phase = store::BatchPhase::ended,
                           .input = "file-1",
                           .id = "batch_1",
                           .results = "file-2",
                           .word = "expired",
                           .note = "",
                           .lines = 500,
                           .rows = 4'000,
                           .bytes = 1'234'567'890'123,
                           .done = 480,
                           .failed = 20,
                           .worst_cost = dollars(3),
                           .worst_usage = {.input = 7, .output = 8},
                           .cost = dollars(1),
                           .intended_at = 1'790'000'000,
                           .created_at = 1'790'000'001,
                           .ended_at = 1'790'000'002,
                           .cancelled = true};
  store::Results results{{settled(0, 1, 0.25)}, {answer("a")}};
  results.batches = {batch, {.nonce = "n2"}};
  const std::string bytes = sealed(encode(results, kNumbers), 1);
  std::string_view rest = bytes;
  const auto record = take_record(rest);
  ASSERT_TRUE(record);
  EXPECT_TRUE(rest.empty());
  ASSERT_EQ(record->results.batches.size(), 2U);
  EXPECT_EQ(record->results.batches[0].endpoint, 9U);
  EXPECT_EQ(store::encode(record->results.batches[0], 0), store::encode(batch, 0));
  EXPECT_EQ(record->results.batches[1].nonce, "n2");
  EXPECT_EQ(record->results.settlements.size(), 1U);
  EXPECT_EQ(record->results.entries.size(), 1U);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    std::string_view cut = std::string_view(bytes).substr(0, n);
    EXPECT_FALSE(take_record(cut)) << n;
  }
}

TEST(RecordTest, ResultsComeBackAsTheyWent) {
  store::Results results{{settled(1, 1, 0.25), settled(2, 0, 0.5)}, {answer("a"), reject("b")}};
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
  const store::Settlement& first = record->results.settlements[0];
  EXPECT_EQ(first.endpoint, 9U);
  EXPECT_TRUE(first.answered);
  EXPECT_EQ(first.usage, results.settlements[0].usage);
  EXPECT_EQ(first.cost, dollars(0.25));
  EXPECT_EQ(first.estimate, dollars(0.125));
  EXPECT_EQ(first.charged, dollars(0.75));
  const store::Settlement& second = record->results.settlements[1];
  EXPECT_FALSE(second.answered);
  EXPECT_EQ(second.billing, provider::Billing::possible);
  EXPECT_FALSE(second.charged);
  for (std::size_t i = 0; i < 2; ++i) {
    const store::Entry& entry = record->results.entries[i];
    const store::Entry& went = results.entries[i];
    EXPECT_EQ(entry.row, went.row);
    EXPECT_EQ(entry.question, went.question);
    EXPECT_EQ(entry.kind, went.kind);
    EXPECT_EQ(entry.model, went.model);
    EXPECT_EQ(entry.line, went.line);
    EXPECT_EQ(entry.answer_at, went.answer_at);
  }
}

TEST(RecordTest, NoBitMayChangeAndNoByteMayBeMissing) {
  const std::string bytes =
      sealed(encode(store::Results{{settled(1, 1, 0.25)}, {answer("a")}}, kNumbers), 3);
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

TEST(RecordTest, ZerosAreNoRecord) {
  const std::string zeros(4096, '\0');
  std::string_view rest = zeros;
  EXPECT_FALSE(take_record(rest));
}

class WriteAheadLogTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(scratch_.path("job")); }
  std::unique_ptr<WriteAheadLog> make(std::uint64_t last = 0,
                                      store::Durability durability = store::Durability::power) {
    auto log = WriteAheadLog::create(scratch_.path("job"), durability, last);
    EXPECT_TRUE(log.has_value()) << log.error().text();
    return std::move(*log);
  }
  static void append(WriteAheadLog& log) {
    const std::vector<store::Intent> intents = {intent(log.last() + 1)};
    ASSERT_TRUE(log.append(encode(intents, kNumbers)).has_value());
  }
  std::vector<std::uint64_t> read(std::uint64_t applied, bool outrun = false) const {
    const auto tail = read_log(scratch_.path("job"), applied);
    EXPECT_TRUE(tail.has_value());
    EXPECT_EQ(tail->outrun, outrun);
    std::vector<std::uint64_t> sequences;
    for (const Record& record : tail->records) sequences.push_back(record.sequence);
    return sequences;
  }
  std::string path(int i) const { return scratch_.path("job") + "/tail-" + std::to_string(i); }
  using Sequences = std::vector<std::uint64_t>;

  Scratch scratch_;
};

TEST_F(WriteAheadLogTest, WithoutFilesThereIsNothing) {
  EXPECT_EQ(read(0), Sequences());
}

TEST_F(WriteAheadLogTest, RecordsOfBothFilesInTheOrderOfTheirNumbers) {
  const auto log = make(10);
  append(*log);
  append(*log);
  log->rotate();
  append(*log);
  EXPECT_EQ(log->last(), 13U);
  EXPECT_EQ(read(10), (Sequences{11, 12, 13}));
  EXPECT_EQ(read(12), Sequences{13});
  EXPECT_EQ(read(13), Sequences());
  log->rotate();
  append(*log);  // over 11
  EXPECT_EQ(read(12), (Sequences{13, 14}));
}

TEST_F(WriteAheadLogTest, AReaderWhoseRecordsWereOverwrittenIsToldSo) {
  const auto log = make();
  append(*log);
  log->rotate();
  append(*log);
  log->rotate();
  append(*log);
  EXPECT_EQ(read(0, true), Sequences());
}

TEST_F(WriteAheadLogTest, FilesAreMadeEmptySoNothingOfAnEarlierRunComesBack) {
  {
    const auto log = make();
    for (int i = 0; i < 5; ++i) append(*log);
  }
  const auto log = make(2);
  append(*log);
  EXPECT_EQ(read(2), Sequences{3}) << "4 and 5 stood behind it";
}

TEST_F(WriteAheadLogTest, APreallocatedFileKeepsItsSize) {
  const auto log = make();
  append(*log);
  EXPECT_TRUE(log->sync().has_value());
  EXPECT_EQ(std::filesystem::file_size(path(0)), WriteAheadLog::kPreallocated);
  log->remove();
  EXPECT_FALSE(std::filesystem::exists(path(0)) || std::filesystem::exists(path(1)));
}

// Whatever pages of what was not synced the disk kept.
TEST_F(WriteAheadLogTest, AfterAPowerCutItIsAPrefixThatHasAllThatWasSynced) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    std::filesystem::remove(path(0));
    std::filesystem::remove(path(1));
    const auto log = make();
    std::uint64_t applied = 0, synced = 0;
    std::string durable[2] = {Scratch::read(path(0)), Scratch::read(path(1))};
    for (int step = 0; step < 60; ++step) {
      for (std::uint32_t n = 1 + random() % 40; n > 0; --n) append(*log);
      if (random() % 2 == 0) {
        ASSERT_TRUE(log->sync().has_value());
        synced = log->last();
        for (int i = 0; i < 2; ++i) durable[i] = Scratch::read(path(i));
      }
      if (random() % 3 == 0) {
        applied = log->last();  // in the checkpoint, durably
        log->rotate();
      }
    }
    for (int i = 0; i < 2; ++i) {
      std::string written = Scratch::read(path(i));
      durable[i].resize(written.size());
      constexpr std::size_t kSector = 512;
      for (std::size_t at = 0; at < written.size(); at += kSector)
        if (random() % 2 == 0) written.replace(at, kSector, durable[i].substr(at, kSector));
      scratch_.write("job/tail-" + std::to_string(i), written);
    }
    const auto tail = read_log(scratch_.path("job"), applied);
    ASSERT_TRUE(tail.has_value());
    std::uint64_t last = applied;
    for (const Record& record : tail->records) {
      ASSERT_EQ(record.sequence, ++last) << "seed " << seed;
      ASSERT_EQ(record.intents.at(0).attempt, last) << "seed " << seed;
    }
    EXPECT_GE(last, synced) << "seed " << seed;
    EXPECT_LE(last, log->last());
  }
}

}  // namespace
}  // namespace sluice::wal
