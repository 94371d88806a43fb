// Rows that are acknowledged before they have ended, and kept until then.
#include "queue/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "taker.h"
#include "tests/eventually.h"
#include "tests/queue/sqs_server.h"
#include "tests/scratch.h"

namespace sluice::queue {
namespace {

using State = Taker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Intake : public testing::Test {
 protected:
  Spec spec(core::Duration idle = milliseconds(200)) const {
    SqsQueue at;
    at.url = server_.url();
    at.credentials = core::Secret(SqsServer::kKeys);
    Spec spec{.at = std::move(at)};
    spec.idle_exit = idle;
    spec.take = spec.intake = true;
    spec.folder = scratch_.path();
    return spec;
  }
  // Its last poll would take what comes next.
  void kill(Taker& taker) {
    taker.go();
    EXPECT_TRUE(eventually([&] { return server_.waiting() == 0; }));
  }
  std::uint64_t kept() const { return rows_taken_in(scratch_.path()).value(); }

  Scratch scratch_;
  SqsServer server_;
};

TEST_F(Intake, TheQueueForgetsRowsLongBeforeTheyHaveEnded) {
  server_.add(0, 60);
  Taker taker(spec(seconds(60)));
  taker.take(60, false);
  EXPECT_TRUE(eventually([&] { return server_.left() == 0; }));
  EXPECT_EQ(kept(), 60u);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(kept(), 0u);
}

TEST_F(Intake, AKilledProcessesRowsAreTheNextOnesFirst) {
  server_.add(0, 40);
  {
    Taker taker(spec(seconds(60)));
    taker.take(40, false);
    taker.open.resize(15);
    taker.end_open();
    EXPECT_TRUE(eventually([&] { return server_.left() == 0 && kept() == 25; }));
    kill(taker);
  }
  server_.add(40, 50);
  Taker taker(spec());
  EXPECT_EQ(taker.take(), State::end) << taker.error;
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(std::set<std::string>(taker.rows.begin(), taker.rows.end()).size(), 35u);
  EXPECT_EQ(taker.rows.size(), 35u);
  EXPECT_EQ(taker.rows.back(), R"({"id":"49"})");
  EXPECT_EQ(kept(), 0u);
}

TEST_F(Intake, ARowWhoseAcknowledgementIsLostIsKeptOnceUntilThatIsThrough) {
  server_.add(0, 10);
  server_.set_faults([](const std::string& action, int) -> std::optional<SqsServer::Fault> {
    if (action == "DeleteMessageBatch") return SqsServer::Fault{503, "ServiceUnavailable"};
    return std::nullopt;
  });
  Taker taker(spec(seconds(60)));
  taker.take(10, false);
  taker.end_open();
  ASSERT_TRUE(eventually([&] { return server_.calls("DeleteMessageBatch") > 2; }));
  EXPECT_EQ(kept(), 10u);
  server_.show_all();  // they come again
  ASSERT_TRUE(eventually([&] { return server_.withheld() == 10; }));
  server_.set_faults({});
  EXPECT_TRUE(eventually([&] { return server_.left() == 0 && kept() == 0; }));
  EXPECT_EQ(taker.rows.size(), 10u);
  EXPECT_TRUE(taker.close().has_value());
}

TEST_F(Intake, ARowThatKillsEachRunIsRejectedAndOneThatOnlyWaitedIsNot) {
  Spec limited = spec(seconds(60));
  limited.max_deliveries = 2;
  server_.add(0, 1);
  for (int runs = 0; runs < 2; ++runs) {
    Taker taker(limited);
    taker.take(1, false);
    EXPECT_TRUE(taker.close().has_value());  // in order
  }
  for (int runs = 0; runs < 2; ++runs) {
    Taker taker(limited);
    taker.take(1, false);
    EXPECT_TRUE(taker.rejects.empty());
    kill(taker);
  }
  Taker taker(limited);
  taker.take(1);
  ASSERT_EQ(taker.rejects.size(), 1u);
  EXPECT_EQ(taker.rejects.front().reason, "too_many_deliveries");
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(kept(), 0u);
}

TEST_F(Intake, ItsRowsAreReadWhenTheFileSaysAnswerByNow) {
  server_.add(0, 10);
  {
    Taker taker(spec(seconds(60)));
    taker.take(10, false);
    EXPECT_TRUE(eventually([&] { return server_.left() == 0; }));
    kill(taker);
  }
  server_.add(10, 15);
  Spec changed = spec(seconds(60));
  changed.intake = false;
  Taker taker(changed);
  taker.take(15, false);
  EXPECT_EQ(taker.rows.size(), 15u);
  EXPECT_EQ(server_.left(), 5u);
  EXPECT_EQ(kept(), 10u);
  taker.end_open();
  EXPECT_TRUE(taker.close().has_value());
  EXPECT_EQ(server_.left(), 0u);
  EXPECT_EQ(kept(), 0u);
}

}  // namespace
}  // namespace sluice::queue
