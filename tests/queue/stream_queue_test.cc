#include "queue/stream_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "streams.h"

namespace sluice::queue {
namespace {

using State = Taker::State;
using testing::HasSubstr;

class StreamQueueTest : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_REDIS(); }
};

std::set<std::string> distinct(const std::vector<std::string>& rows) {
  return {rows.begin(), rows.end()};
}

TEST_F(StreamQueueTest, GivesEachRowOnceAndAcknowledgesWhatHasEnded) {
  const Stream stream;
  stream.add(0, 1000);
  Taker taker(stream.spec("a"));
  EXPECT_EQ(taker.take(), State::end);
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(taker.rows.size(), 1000u);
  EXPECT_EQ(taker.rows[7], R"({"id":"7"})");
  EXPECT_EQ(distinct(taker.rows).size(), 1000u);
  EXPECT_EQ(stream.pending(), 0);
  EXPECT_EQ(stream.ask({"XLEN", "rows"}).integer, 1000);
}

TEST_F(StreamQueueTest, DeletesWhatIsAcknowledgedWhereItIsToldTo) {
  const Stream stream;
  stream.add(0, 10);
  Spec spec = stream.spec("a");
  stream_in(spec).remove = true;
  Taker taker(spec);
  EXPECT_EQ(taker.take(), State::end);
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(stream.ask({"XLEN", "rows"}).integer, 0);
}

TEST_F(StreamQueueTest, WaitsForWhatComesLater) {
  const Stream stream;
  Taker taker(stream.spec("a"));
  std::thread later([&] { stream.add(0, 5); });
  EXPECT_EQ(taker.take(5), State::more);
  later.join();
  EXPECT_EQ(taker.rows.size(), 5u);
}

TEST_F(StreamQueueTest, GivesItsOwnPendingRowsFirstWhenItBeginsAgain) {
  const Stream stream;
  stream.add(0, 300);
  {
    Taker taker(stream.spec("a"));
    taker.take(250, false);
    EXPECT_EQ(stream.pending() >= 250, true);
  }
  stream.add(300, 310);
  Taker again(stream.spec("a"));
  EXPECT_EQ(again.take(), State::end);
  EXPECT_TRUE(again.close().has_value());
  EXPECT_EQ(again.rows.size(), 310u);
  EXPECT_EQ(distinct(again.rows).size(), 310u);
  EXPECT_EQ(again.rows.front(), R"({"id":"0"})");
  EXPECT_EQ(stream.pending(), 0);
}

TEST_F(StreamQueueTest, SharesTheRowsAmongTheConsumersOfAGroup) {
  const Stream stream;
  stream.add(0, 2000);
  Taker a(stream.spec("a"));
  Taker b(stream.spec("b"));
  std::thread other([&] { a.take(); });
  b.take();
  other.join();
  EXPECT_TRUE(a.close().has_value());
  EXPECT_TRUE(b.close().has_value());
  EXPECT_EQ(a.rows.size() + b.rows.size(), 2000u);
  std::set<std::string> all = distinct(a.rows);
  all.merge(distinct(b.rows));
  EXPECT_EQ(all.size(), 2000u);
  EXPECT_EQ(stream.pending(), 0);
}

TEST_F(StreamQueueTest, TakesOverWhatADeadConsumerHeldAndNothingOfALivingOne) {
  const Stream stream;
  stream.add(0, 20);
  stream.ask({"XGROUP", "CREATE", "rows", "sluice", "0"});
  stream.ask({"SET", "sluice:alive:rows:sluice:living", "its nonce"});
  for (const char* consumer : {"living", "dead"})
    stream.ask({"XREADGROUP", "GROUP", "sluice", consumer, "COUNT", "10", "STREAMS", "rows", ">"});
  stream.add(20, 40);
  Spec spec = stream.spec("heir");
  spec.idle_exit = std::chrono::milliseconds(900);
  Taker heir(spec);
  EXPECT_EQ(heir.take(), State::end);
  EXPECT_TRUE(heir.close().has_value());
  EXPECT_EQ(heir.rows.size(), 30u);
  std::set<std::string> all = distinct(heir.rows);
  EXPECT_EQ(all.size(), 30u);
  EXPECT_FALSE(all.contains(R"({"id":"0"})"));
  EXPECT_TRUE(all.contains(R"({"id":"10"})"));
  EXPECT_EQ(stream.pending(), 10);
  EXPECT_EQ(stream.ask({"XPENDING", "rows", "sluice", "-", "+", "20", "living"}).items.size(), 10u);
}

TEST_F(StreamQueueTest, RejectsARowThatWasDeliveredTooOften) {
  const Stream stream;
  stream.add(0, 2);
  Spec spec = stream.spec("a");
  spec.max_deliveries = 3;
  for (int times = 0; times < 3; ++times) {
    Taker taker(spec);
    taker.take(2, false);
    EXPECT_TRUE(taker.rejects.empty());
  }
  Taker last(spec);
  EXPECT_EQ(last.take(), State::end);
  ASSERT_EQ(last.rejects.size(), 2u);
  EXPECT_EQ(last.rejects[0].reason, "too_many_deliveries");
  EXPECT_THAT(last.rejects[0].detail, HasSubstr("was delivered 3 times"));
  EXPECT_TRUE(last.close().has_value());
  EXPECT_EQ(stream.pending(), 0);
}

TEST_F(StreamQueueTest, GivesBackWhatHasNotEndedWithoutCountingTheDelivery) {
  const Stream stream;
  stream.add(0, 40);
  Spec spec = stream.spec("a");
  stream_in(spec).take_over = std::chrono::hours(1);
  spec.max_deliveries = 1;
  for (int times = 0; times < 3; ++times) {
    Taker taker(spec);
    taker.take(40, false);
    EXPECT_TRUE(taker.rejects.empty());
    EXPECT_TRUE(taker.close().has_value());
    spec.worker = spec.worker == "a" ? "b" : "a";
  }
  EXPECT_EQ(stream.pending(), 40);
  Taker other(spec);
  EXPECT_EQ(other.take(40), State::more);
  EXPECT_EQ(distinct(other.rows).size(), 40u);
  EXPECT_TRUE(other.rejects.empty());
  EXPECT_TRUE(other.close().has_value());
  EXPECT_EQ(stream.pending(), 0);
}

TEST_F(StreamQueueTest, EndsWhenAnotherProcessBeginsAsTheSameConsumer) {
  const Stream stream;
  Spec spec = stream.spec("a");
  spec.idle_exit = std::chrono::seconds(60);
  Taker first(spec);
  Taker second(stream.spec("a"));
  EXPECT_EQ(second.take(), State::end);
  EXPECT_EQ(first.take(), State::stopped);
  EXPECT_THAT(first.error,
              HasSubstr("another process reads as a: entries of one consumer are one process's"));
}

TEST_F(StreamQueueTest, OutlivesARestartOfTheServer) {
  Stream stream({"--appendonly", "yes", "--appendfsync", "always"});
  stream.add(0, 500);
  Spec spec = stream.spec("a");
  spec.idle_exit = std::chrono::seconds(1);
  stream_in(spec).take_over = std::chrono::seconds(30);
  Taker taker(spec);
  EXPECT_EQ(taker.take(100), State::more);
  stream.server().stop(SIGKILL);
  stream.server().start();
  stream.connect();
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(distinct(taker.rows).size(), 500u);
  EXPECT_EQ(stream.pending(), 0);
}

TEST_F(StreamQueueTest, SaysWhatIsWrongAtTheServer) {
  const Stream stream;
  stream.ask({"SET", "rows", "text"});
  EXPECT_THAT(
      Taker(stream.spec("a")).error,
      AllOf(HasSubstr("redis:rows: "), HasSubstr("what has this name there is not a stream")));
  Spec spec = stream.spec("a");
  stream_in(spec).url = core::Secret("unix://:geheim@" + stream.server_socket());
  EXPECT_THAT(Taker(spec).error,
              AllOf(HasSubstr("refuses the password"), Not(HasSubstr("geheim"))));
}

TEST_F(StreamQueueTest, SaysThatItsGroupIsGone) {
  const Stream stream;
  Spec spec = stream.spec("a");
  spec.idle_exit = std::chrono::seconds(60);
  Taker taker(spec);
  stream.ask({"XGROUP", "DESTROY", "rows", "sluice"});
  EXPECT_EQ(taker.take(), State::stopped);
  EXPECT_THAT(taker.error, HasSubstr("its group 'sluice' is gone from the server"));
}

}  // namespace
}  // namespace sluice::queue
