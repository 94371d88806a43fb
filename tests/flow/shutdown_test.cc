#include "flow/shutdown.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(Shutdown, StopsOnceForTheFirstReason) {
  Shutdown shutdown;
  int stops = 0;
  shutdown.on_stop([&] { ++stops; });
  EXPECT_FALSE(shutdown.stopping());
  shutdown.stop("budget");
  shutdown.stop("deadline");
  EXPECT_TRUE(shutdown.stopping());
  EXPECT_FALSE(shutdown.failed());
  EXPECT_EQ(stops, 1);
  EXPECT_EQ(shutdown.why(), "budget");
  EXPECT_FALSE(shutdown.error().has_value());
}

TEST(Shutdown, WhatGuardedWorkThrowsIsAFailure) {
  Shutdown shutdown;
  guarded(shutdown, [] {});
  EXPECT_FALSE(shutdown.failed());
  guarded(shutdown, [] { throw std::bad_alloc(); });
  EXPECT_EQ(shutdown.error()->code, core::ErrorCode::memory);
  EXPECT_EQ(core::exit_code(shutdown.error()->code), 5);
}

TEST(Shutdown, AFailureIsToldAlsoWhenStoppingThrows) {
  Shutdown shutdown;
  bool told = false;
  shutdown.on_stop([] { throw std::bad_alloc(); });
  shutdown.on_failure([&] { told = true; });
  shutdown.fail({core::ErrorCode::io, "disk full", "x"});
  EXPECT_TRUE(told);
  EXPECT_TRUE(shutdown.stopping());
}

TEST(Shutdown, AFailureIsAStopToo) {
  Shutdown shutdown;
  std::string order;
  shutdown.on_stop([&] { order += "stop "; });
  shutdown.on_failure([&] { order += "failure "; });
  shutdown.fail({core::ErrorCode::io, "disk full", "x"});
  shutdown.fail({core::ErrorCode::io, "later", ""});
  EXPECT_EQ(order, "stop failure ");
  EXPECT_TRUE(shutdown.stopping());
  ASSERT_TRUE(shutdown.error().has_value());
  EXPECT_EQ(shutdown.error()->text(), "x: disk full");
}

TEST(Shutdown, AFailureAfterAStopIsStillAFailure) {
  Shutdown shutdown;
  int failures = 0;
  shutdown.on_failure([&] { ++failures; });
  shutdown.stop("on request");
  shutdown.fail({core::ErrorCode::io, "disk full", ""});
  EXPECT_EQ(failures, 1);
  EXPECT_TRUE(shutdown.failed());
  EXPECT_EQ(shutdown.why(), "on request");
}

}  // namespace
}  // namespace sluice::flow
