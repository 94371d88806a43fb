// Whether a batch is sent again, and when.
#include "telemetry/retry.h"

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;
using Kind = http::Failure::Kind;

constexpr core::WallTime kNow{1'767'225'600s};  // Thu, 01 Jan 2026 00:00:00 GMT

TEST(IsPassing, HoldsForTheStatusesThatOtlpNamesAlone) {
  for (const int status : {429, 502, 503, 504}) EXPECT_TRUE(is_passing(status)) << status;
  for (const int status : {301, 400, 401, 403, 404, 408, 413, 500, 501})
    EXPECT_FALSE(is_passing(status)) << status;
}

TEST(IsPassing, HoldsForTheNetworkAndNotForWhatIsSpokenOverIt) {
  for (const Kind kind : {Kind::dns, Kind::connect, Kind::timeout, Kind::reset})
    EXPECT_TRUE(is_passing(kind));
  for (const Kind kind : {Kind::tls, Kind::protocol, Kind::too_large, Kind::cancelled})
    EXPECT_FALSE(is_passing(kind));
}

TEST(DelayAfter, DoublesUpToItsMostLessUpToAHalfByChance) {
  const auto delay = [](int tries, double chance) {
    return delay_after(tries, 0s, chance, "", kNow, {});
  };
  EXPECT_EQ(delay(1, 0), 1s);
  EXPECT_EQ(delay(2, 0), 2s);
  EXPECT_EQ(delay(5, 0), 16s);
  EXPECT_EQ(delay(50, 0), 16s);
  EXPECT_EQ(delay(2, 1), 1s);
}

TEST(DelayAfter, WaitsAsLongAsTheCollectorAsks) {
  const auto delay = [](std::string_view asked) { return delay_after(1, 0s, 0, asked, kNow, {}); };
  EXPECT_EQ(delay("7"), 7s);
  EXPECT_EQ(delay("Thu, 01 Jan 2026 00:00:09 GMT"), 9s);
  EXPECT_EQ(delay("0"), 1s) << "its own back-off holds all the same";
  EXPECT_EQ(delay("soon"), 1s);
  EXPECT_EQ(delay("61"), std::nullopt) << "longer than a batch is kept";
}

TEST(DelayAfter, EndsWithTheTimeOfABatch) {
  EXPECT_EQ(delay_after(3, 56s, 0, "", kNow, {}), 4s);
  EXPECT_EQ(delay_after(3, 57s, 0, "", kNow, {}), std::nullopt);
}

TEST(StatusText, SaysWhatMayHelp) {
  EXPECT_EQ(status_text(500), "it answers 500");
  EXPECT_EQ(status_text(401), "it answers 401: check OTEL_EXPORTER_OTLP_HEADERS");
}

}  // namespace
}  // namespace sluice::telemetry
