#include "provider/retry_after.h"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

using namespace std::chrono_literals;

const core::WallTime kReceived = core::ManualClock().wall_now();  // 2026-01-01T00:00:00Z

TEST(GoDuration, IsReadInAllItsUnits) {
  EXPECT_EQ(read_go_duration("6m0s"), 6min);
  EXPECT_EQ(read_go_duration("2m59.56s"), 179'560ms);
  EXPECT_EQ(read_go_duration("12ms"), 12ms);
  EXPECT_EQ(read_go_duration("1h2m3s"), 3723s);
  EXPECT_EQ(read_go_duration("15us"), 15us);
  EXPECT_EQ(read_go_duration("15µs"), 15us);
  EXPECT_EQ(read_go_duration("7ns"), 7ns);
  for (const char* text : {"", "7", "m", "1x", "1s ago", "-1s", "1h2", "9999999h"}) {
    EXPECT_EQ(read_go_duration(text), std::nullopt) << text;
  }
}

TEST(Rfc3339, IsReadWithFractionsAndOffsets) {
  EXPECT_EQ(read_rfc3339("2026-01-01T00:00:10Z", kReceived), 10s);
  EXPECT_EQ(read_rfc3339("2026-01-01t02:00:00.25+02:00", kReceived), 250ms);
  EXPECT_EQ(read_rfc3339("2025-12-31T23:00:01-01:00", kReceived), 1s);
  EXPECT_EQ(read_rfc3339("2020-02-29T00:00:00Z", kReceived), 0s);
  for (const char* text :
       {"", "2026-01-01", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1", "2926-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "-026-01-01T00:00:00Z"}) {
    EXPECT_EQ(read_rfc3339(text, kReceived), std::nullopt) << text;
  }
}

TEST(HttpDate, IsReadInItsOneCurrentForm) {
  EXPECT_EQ(read_http_date("Thu, 01 Jan 2026 00:00:05 GMT", kReceived), 5s);
  EXPECT_EQ(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kReceived), 0s);
  for (const char* text :
       {"", "Thu, 01 Jan 2026", "Thursday, 01-Jan-26 00:00:05 GMT", "Thu, 01 Foo 2026 00:00:05 GMT",
        "Thu, 01 Jan 2026 00:00:05 CET", "Thu, 32 Jan 2026 00:00:05 GMT"}) {
    EXPECT_EQ(read_http_date(text, kReceived), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::provider
