#include "http/first_connection.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using State = FirstConnection::State;

TEST(FirstConnection, IsOverFromTheBeginningWithoutTls) {
  FirstConnection first(false);
  EXPECT_FALSE(first.alone());
  first.opened(1);
  first.connected(2);
  EXPECT_EQ(first.state(), State::over);
  EXPECT_EQ(first.deadline_ms(), FirstConnection::kNever);
}

TEST(FirstConnection, WaitsForItsHandshakeASecond) {
  FirstConnection first(true);
  EXPECT_TRUE(first.alone());
  EXPECT_EQ(first.deadline_ms(), FirstConnection::kNever);
  first.opened(5000);
  EXPECT_EQ(first.state(), State::opening);
  EXPECT_EQ(first.deadline_ms(), 6000U);
  first.expire(5999);
  EXPECT_TRUE(first.alone());
  first.expire(6000);
  EXPECT_FALSE(first.alone());
}

TEST(FirstConnection, WaitsForItsTicketATenthOfASecond) {
  FirstConnection first(true);
  first.opened(5000);
  first.connected(5400);
  EXPECT_EQ(first.state(), State::connected);
  EXPECT_EQ(first.deadline_ms(), 5500U);
  first.expire(5499);
  EXPECT_TRUE(first.alone());
  first.expire(5500);
  EXPECT_FALSE(first.alone());
}

TEST(FirstConnection, OpenedAgainBeforeItHadARequestWaitsAgain) {
  FirstConnection first(true);
  first.opened(5000);
  first.connected(5040);
  first.opened(5060);
  EXPECT_EQ(first.state(), State::opening);
  EXPECT_EQ(first.deadline_ms(), 6060U);
}

TEST(FirstConnection, IsOverForGoodOnceItHasASessionOrAnAnswerOrHasEnded) {
  for (const auto over :
       {&FirstConnection::has_session, &FirstConnection::answered, &FirstConnection::ended}) {
    for (const bool connected : {false, true}) {
      FirstConnection first(true);
      first.opened(1000);
      if (connected) first.connected(1010);
      (first.*over)();
      EXPECT_FALSE(first.alone());
      EXPECT_EQ(first.deadline_ms(), FirstConnection::kNever);
      first.opened(1020);
      first.connected(1030);
      EXPECT_EQ(first.state(), State::over);
    }
  }
}

}  // namespace
}  // namespace sluice::http
