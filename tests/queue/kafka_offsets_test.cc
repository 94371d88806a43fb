#include "queue/kafka_offsets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "queue/kafka_receipt.h"
#include "queue/kafka_settings.h"

namespace sluice::queue {
namespace {

TEST(KafkaOffsets, CommitUpToTheFirstThatHasNotEnded) {
  KafkaOffsets offsets;
  for (const std::int64_t offset : {5, 6, 7, 8}) EXPECT_TRUE(offsets.take(offset));
  EXPECT_EQ(offsets.next(), std::nullopt);
  offsets.end(6);
  offsets.end(8);
  EXPECT_EQ(offsets.next(), std::nullopt);
  EXPECT_EQ(offsets.open(), 4u);
  offsets.end(5);
  EXPECT_EQ(offsets.next(), 7);
  EXPECT_EQ(offsets.open(), 2u);
  offsets.committed(7);
  EXPECT_EQ(offsets.next(), std::nullopt);
  offsets.end(7);
  EXPECT_EQ(offsets.next(), 9);
  EXPECT_EQ(offsets.open(), 0u);
}

TEST(KafkaOffsets, PassOverHoles) {
  KafkaOffsets offsets;
  for (const std::int64_t offset : {10, 25, 26}) offsets.take(offset);
  offsets.end(10);
  EXPECT_EQ(offsets.next(), 11);
  offsets.end(12);  // was never taken
  offsets.end(25);
  EXPECT_EQ(offsets.next(), 26);
}

TEST(KafkaOffsets, KnowWhatWasTaken) {
  KafkaOffsets offsets;
  offsets.take(3);
  offsets.take(4);
  EXPECT_FALSE(offsets.take(4));
  offsets.end(3);
  EXPECT_FALSE(offsets.take(4));
  offsets.end(4);
  offsets.end(4);
  EXPECT_EQ(offsets.next(), 5);
}

TEST(KafkaOffsets, BeginAgainWhereTheLogDoes) {
  KafkaOffsets offsets;
  offsets.take(100);
  offsets.end(100);
  offsets.committed(101);
  EXPECT_TRUE(offsets.take(0));
  EXPECT_EQ(offsets.next(), std::nullopt);
  offsets.end(0);
  EXPECT_EQ(offsets.next(), 1);
}

TEST(KafkaOffsets, CommitNothingThatIsOpenInAnyOrder) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  KafkaOffsets offsets;
  std::vector<std::int64_t> open;
  std::int64_t next = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (open.empty() || random() % 2 == 0) {
      next += 1 + static_cast<std::int64_t>(random() % 3);
      ASSERT_TRUE(offsets.take(next));
      open.push_back(next);
    } else {
      const auto at = static_cast<std::ptrdiff_t>(random() % open.size());
      offsets.end(open[static_cast<std::size_t>(at)]);
      open.erase(open.begin() + at);
    }
    const std::int64_t first = open.empty() ? next + 1 : *std::ranges::min_element(open);
    const auto commit = offsets.next();
    ASSERT_TRUE(!commit || *commit <= first) << step;
    if (open.empty()) {
      ASSERT_EQ(commit.value_or(first), first);
    }
    if (commit && random() % 4 == 0) offsets.committed(*commit);
  }
}

TEST(KafkaReceipt, IsReadAsItWasWritten) {
  const auto receipt = read_kafka_receipt(kafka_receipt({3, 9'000'000'000, 17}));
  EXPECT_EQ(receipt.partition, 3);
  EXPECT_EQ(receipt.offset, 9'000'000'000);
  EXPECT_EQ(receipt.generation, 17u);
  EXPECT_EQ(read_kafka_receipt("3 x").partition, -1);
}

TEST(KafkaSettings, AreRefusedWhereSluiceRestsOnThemOrTheyRunPrograms) {
  for (const char* name : {"enable.auto.commit", "group.id", "acks", "plugin.library.paths",
                           "sasl.kerberos.kinit.cmd"})
    EXPECT_TRUE(refused_kafka_setting(name)) << name;
  for (const char* name : {"security.protocol", "sasl.password", "session.timeout.ms"})
    EXPECT_FALSE(refused_kafka_setting(name)) << name;
  EXPECT_TRUE(is_secret_kafka_setting("ssl.keystore.password"));
  EXPECT_FALSE(is_secret_kafka_setting("session.timeout.ms"));
}

}  // namespace
}  // namespace sluice::queue
