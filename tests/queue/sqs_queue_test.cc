#include "queue/sqs_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "queue/sqs_client.h"
#include "taker.h"
#include "tests/eventually.h"
#include "tests/queue/sqs_server.h"

namespace sluice::queue {
namespace {

using State = Taker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Spec spec_of(const SqsServer& server, const std::string& name = "rows") {
  SqsQueue at;
  at.url = server.url(name);
  at.credentials = core::Secret(SqsServer::kKeys);
  Spec spec{.at = std::move(at)};
  spec.idle_exit = milliseconds(200);
  spec.take = true;
  return spec;
}

SqsQueue& sqs_in(Spec& spec) {
  return std::get<SqsQueue>(spec.at);
}

std::set<std::string> unique_rows(const Taker& taker) {
  return {taker.rows.begin(), taker.rows.end()};
}

TEST(SqsQueue, GivesEachRowOnceAndDeletesWhatHasEnded) {
  SqsServer server;
  server.add(0, 500);
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(taker.rows.size(), 500u);
  EXPECT_EQ(unique_rows(taker).size(), 500u);
  EXPECT_TRUE(unique_rows(taker).contains(R"({"id":"7"})"));
  EXPECT_EQ(server.left(), 0u);
}

TEST(SqsQueue, GivesARowThatHoldsWhatAnErrorInXmlBeginsWith) {
  SqsServer server;
  server.add(R"({"id":"0","text":"<Error><Code>x</Code></Error>"})");
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_EQ(taker.rows.size(), 1u);
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(SqsQueue, GivesBackWhatHasNotEnded) {
  SqsServer server;
  server.add(0, 40);
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(40, false), State::more);
  taker.open.resize(15);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 25u);
  EXPECT_EQ(server.withheld(), 0u);
}

TEST(SqsQueue, IsHeldForAsLongAsItTakes) {
  SqsServer server;
  server.add(0, 12);
  Spec spec = spec_of(server);
  sqs_in(spec).visibility = seconds(2);
  spec.idle_exit = seconds(60);
  Taker taker(spec);
  taker.take(12, false);
  ASSERT_TRUE(eventually([&] { return server.extended() >= 24; }));  // each of them twice
  EXPECT_EQ(taker.rows.size(), 12u);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(SqsQueue, IsAcknowledgedByItsLatestReceipt) {
  SqsServer server;
  server.add(0, 1);
  Spec spec = spec_of(server);
  spec.idle_exit = seconds(60);
  Taker taker(spec);
  taker.take(1, false);
  server.show_all();
  server.add(1, 2);
  taker.take(2, false);  // behind the second delivery of the first
  EXPECT_EQ(taker.rows.size(), 2u);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(SqsQueue, IsRejectedAfterTooManyDeliveries) {
  SqsServer server;
  server.add(0, 1);
  Spec spec = spec_of(server);
  spec.max_deliveries = 2;
  for (int times = 0; times < 2; ++times) {
    Taker killed(spec);
    killed.take(1, false);
    EXPECT_TRUE(killed.rejects.empty());
    killed.go();
    ASSERT_TRUE(
        eventually([&] { return server.waiting() == 0; }));  // its last request would take it
    server.show_all();
  }
  Taker last(spec);
  EXPECT_EQ(last.take(), State::end);
  ASSERT_EQ(last.rejects.size(), 1u);
  EXPECT_EQ(last.rejects[0].reason, "too_many_deliveries");
  EXPECT_THAT(last.rejects[0].detail, HasSubstr("was delivered 2 times"));
  EXPECT_TRUE(last.close().has_value());
  EXPECT_EQ(server.left(), 0u);
}

TEST(SqsQueue, IsAskedAgainAfterFailuresThatPass) {
  SqsServer server;
  server.add(0, 30);
  server.set_faults([](const std::string& action, int number) -> std::optional<SqsServer::Fault> {
    if (action == "GetQueueAttributes" || number > 2) return std::nullopt;
    return number == 0 ? SqsServer::Fault{503, "ServiceUnavailable"}
                       : SqsServer::Fault{400, "RequestThrottled"};
  });
  std::atomic<int> refused = 0;
  server.set_entry_faults([&](const std::string&) -> std::optional<std::pair<std::string, bool>> {
    if (++refused <= 4) return std::pair("InternalError", false);
    return std::nullopt;
  });
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(unique_rows(taker).size(), 30u);
  EXPECT_EQ(server.left(), 0u);
}

TEST(SqsQueue, DoesNotInsistOnAReceiptThatHasExpired) {
  SqsServer server;
  server.add(0, 2);
  server.set_entry_faults([](const std::string&) {
    return std::optional(std::pair<std::string, bool>("ReceiptHandleIsInvalid", true));
  });
  Taker taker(spec_of(server));
  EXPECT_EQ(taker.take(), State::end);
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server.calls("DeleteMessageBatch"), 1);
}

TEST(SqsQueue, SaysWhatIsWrongAndNoSecret) {
  SqsServer server;
  EXPECT_THAT(Taker(spec_of(server, "missing")).error,
              AllOf(HasSubstr("sqs:missing: "), HasSubstr("there is no such queue")));
  Spec spec = spec_of(server);
  sqs_in(spec).credentials = core::Secret("TESTKEY:geheim");
  EXPECT_THAT(Taker(spec).error,
              AllOf(HasSubstr("these keys are not valid there"), Not(HasSubstr("geheim"))));
  spec.take = false;
  EXPECT_THAT(Taker(spec).error, HasSubstr("cannot be looked at without taking them"));
}

TEST(SqsClient, KnowsTheRegionByTheHost) {
  EXPECT_EQ(sqs_region_of("sqs.eu-central-1.amazonaws.com"), "eu-central-1");
  EXPECT_EQ(sqs_region_of("sqs-fips.us-east-1.amazonaws.com"), "us-east-1");
  EXPECT_EQ(sqs_region_of("us-west-2.queue.amazonaws.com"), "us-west-2");
  EXPECT_EQ(sqs_region_of("sqs.cn-north-1.amazonaws.com.cn"), "cn-north-1");
  EXPECT_EQ(sqs_region_of("127.0.0.1"), "");
}

}  // namespace
}  // namespace sluice::queue
