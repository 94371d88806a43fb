#include "flow/shutdown.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(Ending, StopsOnceForTheFirstReason) {
  Ending ending;
  int stops = 0;
  ending.on_stop([&] { ++stops; });
  EXPECT_FALSE(ending.stopping());
  ending.stop("budget");
  ending.stop("deadline");
  EXPECT_TRUE(ending.stopping());
  EXPECT_FALSE(ending.failed());
  EXPECT_EQ(stops, 1);
  EXPECT_EQ(ending.why(), "budget");
  EXPECT_FALSE(ending.error().has_value());
}

TEST(Ending, WhatGuardedWorkThrowsIsAFailure) {
  Ending ending;
  guarded(ending, [] {});
  EXPECT_FALSE(ending.failed());
  guarded(ending, [] { throw std::bad_alloc(); });
  EXPECT_EQ(ending.error()->code, core::ErrorCode::memory);
  EXPECT_EQ(core::exit_code(ending.error()->code), 5);
}

TEST(Ending, AFailureIsToldAlsoWhenStoppingThrows) {
  Ending ending;
  bool told = false;
  ending.on_stop([] { throw std::bad_alloc(); });
  ending.on_failure([&] { told = true; });
  ending.fail({core::ErrorCode::io, "disk full", "x"});
  EXPECT_TRUE(told);
  EXPECT_TRUE(ending.stopping());
}

TEST(Ending, AFailureIsAStopToo) {
  Ending ending;
  std::string order;
  ending.on_stop([&] { order += "stop "; });
  ending.on_failure([&] { order += "failure "; });
  ending.fail({core::ErrorCode::io, "disk full", "x"});
  ending.fail({core::ErrorCode::io, "later", ""});
  EXPECT_EQ(order, "stop failure ");
  EXPECT_TRUE(ending.stopping());
  ASSERT_TRUE(ending.error().has_value());
  EXPECT_EQ(ending.error()->text(), "x: disk full");
}

TEST(Ending, AFailureAfterAStopIsStillAFailure) {
  Ending ending;
  int failures = 0;
  ending.on_failure([&] { ++failures; });
  ending.stop("on request");
  ending.fail({core::ErrorCode::io, "disk full", ""});
  EXPECT_EQ(failures, 1);
  EXPECT_TRUE(ending.failed());
  EXPECT_EQ(ending.why(), "on request");
}

}  // namespace
}  // namespace sluice::flow
