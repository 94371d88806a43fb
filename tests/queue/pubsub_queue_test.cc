#include "queue/pubsub_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "tests/eventually.h"
#include "tests/queue/pubsub_server.h"
#include "tests/queue/taker.h"

namespace sluice::queue {
namespace {

using State = Taker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Spec spec_of(const PubsubServer& server, const std::string& name = "rows") {
  Pubsub at;
  at.subscription = "projects/p/subscriptions/" + name;
  at.endpoint = server.endpoint();
  Spec spec{.at = std::move(at)};
  spec.idle_exit = milliseconds(200);
  spec.take = true;
  return spec;
}

TEST(PubsubQueue, GivesEachRowOnceAndAcknowledgesWhatHasEnded) {
  PubsubServer server;
  server.add(0, 500);
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(taker.rows.size(), 500u);
  const std::set<std::string> rows(taker.rows.begin(), taker.rows.end());
  EXPECT_EQ(rows.size(), 500u);
  EXPECT_TRUE(rows.contains(R"({"id":"7"})"));
  EXPECT_EQ(server.left(), 0u);
}

TEST(PubsubQueue, GivesBackWhatHasNotEnded) {
  PubsubServer server;
  server.add(0, 40);
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(40, false), State::more);
  taker.open.resize(15);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 25u);
  EXPECT_EQ(server.withheld(), 0u) << "not even for a pull of this consumer's own";
}

TEST(PubsubQueue, IsHeldFromTheStartAndForAsLongAsItTakes) {
  PubsubServer server;
  server.add(0, 12);
  Spec spec = spec_of(server);
  std::get<Pubsub>(spec.at).deadline = seconds(2);
  spec.idle_exit = seconds(60);
  Taker taker(spec);
  taker.take(12, false);
  // Each three times: longer than its deadlines, that of the subscription among them.
  ASSERT_TRUE(eventually([&] { return server.extended() >= 36; }));
  EXPECT_EQ(taker.rows.size(), 12u);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(PubsubQueue, LosesNoMessageThatComesToAPullOfBefore) {
  PubsubServer server;
  Spec spec = spec_of(server);
  spec.idle_exit = seconds(3);
  Taker taker(spec);
  ASSERT_TRUE(eventually([&] { return server.calls("pull") >= 1; }));
  std::this_thread::sleep_for(milliseconds(2200));  // longer than a take() waits
  server.add(0, 1);
  EXPECT_EQ(taker.take(1), State::more) << taker.error;
  EXPECT_EQ(taker.rows.size(), 1u);
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
  EXPECT_LE(server.calls("pull"), 8);  // one or two each taker, and no new one for each wait
}

TEST(PubsubQueue, AsksAgainWhereAPullBringsNothing) {
  PubsubServer server;
  server.answer_empty_after(milliseconds(20));
  Spec spec = spec_of(server);
  spec.idle_exit = seconds(2);
  Taker taker(spec);
  ASSERT_TRUE(eventually([&] { return server.calls("pull") >= 10; }));
  server.add(0, 30);
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_EQ(taker.rows.size(), 30u);
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(PubsubQueue, HandsNoRowOverTwiceThatIsDeliveredAgainAfterItHasEnded) {
  PubsubServer server;
  server.add(0, 1);
  server.set_faults([](const std::string& method, int number) -> std::optional<int> {
    return method == "acknowledge" && number == 1 ? std::optional(400) : std::nullopt;  // forgotten
  });
  Spec spec = spec_of(server);
  spec.idle_exit = seconds(60);
  Taker taker(spec);
  taker.take(1);
  ASSERT_TRUE(eventually([&] { return server.calls("acknowledge") == 1; }));
  server.show_all();
  ASSERT_TRUE(eventually([&] { return server.left() == 0; }));
  server.add(1, 2);
  taker.take(2);
  EXPECT_EQ(taker.rows.size(), 2u);
  EXPECT_NE(taker.rows[0], taker.rows[1]);
  EXPECT_TRUE(taker.close().has_value());
}

TEST(PubsubQueue, IsAcknowledgedByItsLatestAckId) {
  PubsubServer server;
  server.add(0, 1);
  Spec spec = spec_of(server);
  spec.idle_exit = seconds(60);
  Taker taker(spec);
  taker.take(1, false);
  server.show_all();
  server.add(1, 2);
  taker.take(2, false);
  EXPECT_EQ(taker.rows.size(), 2u);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(PubsubQueue, IsRejectedAfterTooManyDeliveriesWhereTheyAreCounted) {
  for (const bool counted : {true, false}) {
    PubsubServer server;
    if (counted) server.count_attempts();
    server.add(R"({"id":"0"})", 2);
    Spec spec = spec_of(server);
    spec.max_deliveries = 2;
    Taker taker(spec);
    taker.take(1);
    ASSERT_EQ(taker.rejects.size(), counted ? 1u : 0u);
    if (counted) {
      EXPECT_EQ(taker.rejects[0].reason, "too_many_deliveries");
    }
    EXPECT_TRUE(taker.close().has_value());
    EXPECT_EQ(server.left(), 0u);
  }
}

TEST(PubsubQueue, RejectsAMessageWithoutData) {
  PubsubServer server;
  server.add("");
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  ASSERT_EQ(taker.rejects.size(), 1u);
  EXPECT_EQ(taker.rejects[0].reason, "no_value");
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(PubsubQueue, AcknowledgesAgainWhatDidNotComeThrough) {
  PubsubServer server;
  server.add(0, 20);
  server.set_faults([](const std::string& method, int number) -> std::optional<int> {
    if (method == "acknowledge" && number < 3) return 503;
    return std::nullopt;
  });
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(PubsubQueue, SaysWhatIsWrong) {
  PubsubServer server;
  EXPECT_THAT(Taker(spec_of(server, "missing")).error,
              HasSubstr("pubsub:missing: the server answers 404: there is no such subscription"));
  server.add(0, 1);
  server.set_faults([](const std::string& method, int) -> std::optional<int> {
    return method == "get" || method == "pull" ? std::optional(403) : std::nullopt;
  });
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.error, "");  // may be allowed to pull, and not to ask for this
  taker.take(1);
  EXPECT_THAT(taker.error, HasSubstr("a source needs roles/pubsub.subscriber"));
}

}  // namespace
}  // namespace sluice::queue
