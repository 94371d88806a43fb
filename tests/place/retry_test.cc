#include "place/retry.h"

#include <gtest/gtest.h>

namespace sluice::place {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Retry, WhatMayPassIsTriedAgainAndTheRestIsNot) {
  for (const int status : {408, 429, 500, 502, 503, 504}) EXPECT_TRUE(is_passing(status, ""));
  for (const int status : {200, 206, 301, 400, 401, 403, 404, 412, 416, 501})
    EXPECT_FALSE(is_passing(status, "")) << status;
  EXPECT_TRUE(is_passing(400, "RequestTimeout"));
  EXPECT_TRUE(is_passing(200, "InternalError"));
  EXPECT_TRUE(is_passing(http::Failure::Kind::reset));
  EXPECT_FALSE(is_passing(http::Failure::Kind::tls));
  EXPECT_FALSE(is_passing(http::Failure::Kind::too_large));
}

TEST(Retry, DelaysDoubleUpToTheirMostAndEndWithTheTries) {
  const Patience patience;
  EXPECT_EQ(delay_after(1, patience, 0), milliseconds(500));
  EXPECT_EQ(delay_after(2, patience, 0), seconds(1));
  EXPECT_EQ(delay_after(7, patience, 0), seconds(20));
  EXPECT_EQ(delay_after(1, patience, 1), milliseconds(250));
  EXPECT_EQ(delay_after(8, patience, 0), std::nullopt);
}

TEST(Retry, AServersHintIsKeptToWithinBounds) {
  const Patience patience;
  EXPECT_EQ(delay_after(1, patience, 0, "3"), seconds(3));
  EXPECT_EQ(delay_after(1, patience, 0, "3600"), seconds(20));
  EXPECT_EQ(delay_after(1, patience, 0, "soon"), milliseconds(500));
}

}  // namespace
}  // namespace sluice::place
