#include "queue/kafka_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "tests/eventually.h"
#include "tests/queue/kafka_cluster.h"
#include "tests/queue/taker.h"

namespace sluice::queue {
namespace {

using State = Taker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Spec spec_of(const KafkaCluster& cluster) {
  KafkaTopic at;
  at.brokers = cluster.brokers();
  at.topic = "rows";
  // A worker that dies is found out soon; in less than 3 s the mock's first join is not over.
  at.config.emplace_back("session.timeout.ms", core::Secret("4000"));
  at.config.emplace_back("heartbeat.interval.ms", core::Secret("200"));
  Spec spec{.at = std::move(at)};
  spec.idle_exit = milliseconds(300);
  spec.take = true;
  return spec;
}

KafkaTopic& kafka_in(Spec& spec) {
  return std::get<KafkaTopic>(spec.at);
}

std::set<std::string> unique_kafka_rows(const Taker& taker) {
  return {taker.rows.begin(), taker.rows.end()};
}

TEST(KafkaQueue, GivesEachRowOnceAndCommitsWhatHasEnded) {
  KafkaCluster cluster(3);
  cluster.add(0, 600, 3);
  Taker taker(spec_of(cluster));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(taker.rows.size(), 600u);
  EXPECT_EQ(unique_kafka_rows(taker).size(), 600u);
  EXPECT_TRUE(unique_kafka_rows(taker).contains(R"({"id":"7"})"));
  for (int partition = 0; partition < 3; ++partition)
    EXPECT_EQ(cluster.committed("sluice", partition), 200);
  Taker again(spec_of(cluster));
  EXPECT_EQ(again.take(), State::end) << again.error;
  EXPECT_TRUE(again.rows.empty());
}

TEST(KafkaQueue, CommitsNothingPastARowThatHasNotEnded) {
  KafkaCluster cluster;
  cluster.add(0, 40);
  Taker taker(spec_of(cluster));
  taker.take(40, false);
  taker.open.erase(taker.open.begin() + 15);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(cluster.committed(), 15);
  Taker next(spec_of(cluster));
  EXPECT_EQ(next.take(), State::end) << next.error;
  EXPECT_EQ(next.rows.size(), 25u);
  EXPECT_EQ(next.rows.front(), R"({"id":"15"})");
}

TEST(KafkaQueue, ComesAgainToTheNextWorkerAfterAKill) {
  KafkaCluster cluster;
  cluster.add(0, 30);
  Taker killed(spec_of(cluster));
  killed.take(30, false);
  killed.open.resize(10);
  killed.end_open();
  ASSERT_TRUE(eventually([&] { return cluster.committed() == 10; }));
  killed.go();
  Taker next(spec_of(cluster));
  EXPECT_EQ(next.take(), State::end) << next.error;
  EXPECT_EQ(next.rows.size(), 20u);
  EXPECT_TRUE(next.close().has_value());
  EXPECT_EQ(cluster.committed(), 30);
}

TEST(KafkaQueue, IsSharedByWorkersOfWhichOneComesLaterAndOneGoes) {
  KafkaCluster cluster(4);
  cluster.add(0, 400, 4);
  Spec spec = spec_of(cluster);
  spec.idle_exit = seconds(60);  // the other may be long in joining
  Taker first(spec);
  first.take(100);
  // It goes on reading, since a rebalance waits for it, and commits what it has read before a partition goes. So rows are added
  // until the second has some.
  std::atomic<bool> has_some = false;
  std::thread second([&] {
    Taker other(spec);
    other.take(1, false);
    has_some = true;
    EXPECT_FALSE(other.rows.empty()) << other.error;
    EXPECT_TRUE(other.close().has_value());  // gives all of them back
  });
  bool joined = false;
  std::thread adder([&] {
    int next = 400;
    for (; next < 1000 && !has_some; next += 4) {
      cluster.add(next, next + 4, 4);
      std::this_thread::sleep_for(milliseconds(100));
    }
    second.join();
    cluster.add(next, 1200, 4);
    joined = true;
  });
  while (unique_kafka_rows(first).size() < 1200 && first.error.empty() &&
         first.take(first.rows.size() + 1) == State::more) {
  }
  adder.join();
  EXPECT_TRUE(joined);
  EXPECT_TRUE(first.close().has_value());
  EXPECT_EQ(unique_kafka_rows(first).size(), 1200u) << "rows were lost";
  EXPECT_EQ(first.rows.size(), 1200u) << "a row came twice";
  // What it had ended when a partition went is committed by the last.
  spec.idle_exit = seconds(1);
  Taker last(spec);
  EXPECT_EQ(last.take(), State::end) << last.error;
  EXPECT_TRUE(last.close().has_value());
  for (int partition = 0; partition < 4; ++partition)
    EXPECT_EQ(cluster.committed("sluice", partition), 300);
}

TEST(KafkaQueue, HandsNoRowOverTwiceWhosePartitionGoesAndComesAgain) {
  KafkaCluster cluster(2);
  cluster.add(0, 20, 2);
  Spec spec = spec_of(cluster);
  spec.idle_exit = seconds(60);
  Taker first(spec);
  first.take(20, false);
  // The first row of each partition keeps back what has ended behind it.
  const auto lines = std::exchange(first.open, {});
  std::vector<std::uint64_t> slow;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_first = first.rows[i] == R"({"id":"0"})" || first.rows[i] == R"({"id":"1"})";
    (is_first ? slow : first.open).push_back(lines[i]);
  }
  ASSERT_EQ(slow.size(), 2u);
  first.end_open();
  {
    Taker second(spec);
    second.take(10, false);
    EXPECT_TRUE(second.close().has_value());  // gives all of them back
  }
  first.open = slow;
  first.end_open();
  cluster.add(20, 22, 2);
  first.take(22);
  EXPECT_EQ(first.rows.size(), 22u) << "a row came twice";
  EXPECT_EQ(unique_kafka_rows(first).size(), 22u);
  EXPECT_TRUE(first.close().has_value());
  EXPECT_EQ(cluster.committed("sluice", 0), 11);
  EXPECT_EQ(cluster.committed("sluice", 1), 11);
}

TEST(KafkaQueue, CommitsNothingForARowWhosePartitionHasGone) {
  KafkaCluster cluster(2);
  cluster.add(0, 20, 2);
  Spec spec = spec_of(cluster);
  spec.idle_exit = seconds(60);
  Taker first(spec);
  first.take(20, false);
  Taker second(spec);
  second.take(10, false);  // of the partition that has gone to it
  EXPECT_EQ(unique_kafka_rows(second).size(), 10u);
  first.end_open();
  // Only what is still its own is committed.
  ASSERT_TRUE(eventually([&] {
    return cluster.committed("sluice", 0) + cluster.committed("sluice", 1) == 9;  // 10 and none
  }));
  second.end_open();
  ASSERT_TRUE(eventually(
      [&] { return cluster.committed("sluice", 0) + cluster.committed("sluice", 1) == 20; }));
  EXPECT_TRUE(first.close().has_value());
  EXPECT_TRUE(second.close().has_value());
}

TEST(KafkaQueue, StaysAMemberWhileThereIsNoRoomAndGoesOnWithoutAGap) {
  KafkaCluster cluster;
  cluster.add(0, 3000);
  Spec spec = spec_of(cluster);
  kafka_in(spec).config.emplace_back("max.poll.interval.ms", core::Secret("6000"));
  Taker taker(spec);
  taker.take(1);
  // Longer than a member may be silent.
  std::this_thread::sleep_for(seconds(8));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(taker.rows.size(), 3000u) << "a row came twice, or never";
  EXPECT_EQ(unique_kafka_rows(taker).size(), 3000u);
  EXPECT_EQ(cluster.committed(), 3000);
}

TEST(KafkaQueue, RejectsAMessageWithoutAValue) {
  KafkaCluster cluster;
  cluster.add_tombstone();
  Taker taker(spec_of(cluster));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  ASSERT_EQ(taker.rejects.size(), 1u);
  EXPECT_EQ(taker.rejects[0].reason, "no_value");
  EXPECT_EQ(taker.rows[0], R"({"message":"rows[0]@0"})");
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(cluster.committed(), 1);
}

TEST(KafkaQueue, IsNotIdleWhileItsBrokersAreAway) {
  KafkaCluster cluster;
  cluster.add(0, 10);
  Spec spec = spec_of(cluster);
  spec.idle_exit = seconds(3);
  Taker taker(spec);
  taker.take(10);
  EXPECT_EQ(rd_kafka_mock_broker_set_down(cluster.mock(), 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  std::thread up([&] {
    std::this_thread::sleep_for(seconds(6));
    rd_kafka_mock_broker_set_up(cluster.mock(), 1);
    cluster.add(10, 20);
  });
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  up.join();
  EXPECT_EQ(unique_kafka_rows(taker).size(), 20u);
}

TEST(KafkaQueue, SaysWhatIsWrongWithoutASecret) {
  KafkaCluster cluster;
  Spec spec = spec_of(cluster);
  kafka_in(spec).topic = "missing";
  rd_kafka_mock_topic_set_error(cluster.mock(), "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_THAT(Taker(spec).error, HasSubstr("kafka:missing: the topic:"));
  EXPECT_THAT(Taker(spec).error, HasSubstr("there is no such topic"));
  spec = spec_of(cluster);
  kafka_in(spec).config.emplace_back("security.protocol", core::Secret("geheim"));
  EXPECT_THAT(Taker(spec).error, AllOf(HasSubstr("does not know the setting security.protocol"),
                                       Not(HasSubstr("geheim"))));
  spec = spec_of(cluster);
  kafka_in(spec).brokers = "127.0.0.1:1";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(Taker(spec).error,
              AllOf(HasSubstr("kafka:rows: the brokers:"), HasSubstr("refused")));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(20));
}

}  // namespace
}  // namespace sluice::queue
