#include "listen/series.h"

#include <gtest/gtest.h>

namespace sluice::listen {
namespace {

SeriesPoint point(double worked, double rows) {
  return {.at = 1000 + worked, .worked = worked, .rows = rows, .limit = {}};
}

TEST(Series, KeepsTheNewestAndNeverMoreThanItsMost) {
  Series series;
  series.begin(1000);
  for (int i = 1; i <= 100'000; ++i) series.add(point(0.2 * i, i));
  const auto& points = series.points();
  EXPECT_LE(points.size(), Series::kMost);
  EXPECT_GE(points.size(), Series::kMost / 2);
  EXPECT_EQ(points.back().rows, 100'000);
  EXPECT_EQ(points.front().rows, 1);
  // Evenly: no two are further apart than twice what they are on the whole.
  const double mean = 0.2 * 100'000 / static_cast<double>(points.size());
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_GT(points[i].worked, points[i - 1].worked);
    EXPECT_LT(points[i].worked - points[i - 1].worked, 2.1 * mean);
  }
}

TEST(Series, GoesOnWhereEarlierRunsEnded) {
  inspect::Timeline timeline = inspect::parse_timeline(
      R"({"at":100,"run":"started","version":"1","rows":0})"
      "\n"
      R"({"at":110,"rows":50,"rejected":1,"spent":0.5,"input_tokens":10,"output_tokens":2,"in_flight":3,"waiting":4})"
      "\n"
      R"({"at":120,"run":"stopped","why":"on request","rows":80,"spent":0.75,"input_tokens":20,"output_tokens":4})"
      "\n");
  Series series(timeline);
  series.begin(500);
  series.add(point(1, 90));
  ASSERT_GE(series.points().size(), 2U);
  EXPECT_EQ(series.points().back().rows, 90);
  EXPECT_DOUBLE_EQ(series.points().back().worked, 21) << "20 s of the first run, and one of this";
  series.end("finished", "");
  const std::string json = series.json();
  EXPECT_NE(
      json.find(
          R"("runs":[{"began":100,"end":"stopped","why":"on request"},{"began":500,"end":"finished","why":""}])"),
      json.npos)
      << json;
  EXPECT_NE(json.find(R"("spent":[0.5,0.75,0])"), json.npos) << json;
}

TEST(Series, APointTooSoonTakesThePlaceOfTheOneBefore) {
  Series series;
  series.begin(0);
  series.add(point(1, 1));
  series.add(point(1.05, 2));
  series.add(point(1.1, 3));
  ASSERT_EQ(series.points().size(), 2U);
  EXPECT_EQ(series.points().back().rows, 3);
}

}  // namespace
}  // namespace sluice::listen
