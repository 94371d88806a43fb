// timeline.jsonl and plan.json, as runs and plans leave them.
#include "inspect/timeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/plan_record.h"
#include "inspect/report_charts.h"

namespace sluice::inspect {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kTwoRuns =
    R"({"at":1000,"run":"started","version":"1.0","rows":0}
{"at":1002,"rows":10,"rejected":1,"total":100,"spent":0.5,"input_tokens":7,"output_tokens":3,"in_flight":4,"waiting":2,"refused":5,"failed":1,"limit":"eu: requests per minute","endpoints":[{"name":"eu","in_flight":4,"cap":8,"median_ms":800,"tail_ms":2100,"answered":9,"refused":5,"failed":1,"quota_used":0.9}]}
{"at":1004,"rows":30,"spent":1.5,"refused":6,"endpoints":[{"name":"eu","refused":6},{"name":"us"}]}
{"at":5000,"run":"started","version":"1.1","rows":30}
{"at":5003,"rows":60,"spent":2,"refused":2,"endpoints":[{"name":"eu","refused":2,"median_ms":500}]}
{"at":5004,"run":"finished","rows":100,"spent":2.5}
)";

TEST(Timeline, TimeStandsStillBetweenRuns) {
  const Timeline timeline = parse_timeline(kTwoRuns);
  ASSERT_THAT(timeline.runs, SizeIs(2));
  ASSERT_THAT(timeline.points, SizeIs(4)) << "the last line is a point too";
  EXPECT_EQ(timeline.points[0].worked, 2);
  EXPECT_EQ(timeline.points[1].worked, 4);
  EXPECT_EQ(timeline.points[2].worked, 7);
  EXPECT_EQ(timeline.points[3].worked, 8);
  EXPECT_EQ(timeline.worked(), 8);
  EXPECT_EQ(timeline.unreadable, 0u);

  const TimelineRun& killed = timeline.runs[0];
  EXPECT_EQ(killed.end, "");
  EXPECT_EQ(killed.rows, 30);
  EXPECT_EQ(killed.version, "1.0");
  const TimelineRun& ended = timeline.runs[1];
  EXPECT_EQ(ended.end, "finished");
  EXPECT_EQ(ended.worked_from, 4);
  EXPECT_EQ(ended.rows_before, 30);
  EXPECT_EQ(ended.rows, 100);
  EXPECT_EQ(ended.spent_before, 1.5);
  EXPECT_EQ(ended.answered_before, 9);
  EXPECT_EQ(ended.input_tokens_before, 7);
  EXPECT_EQ(ended.spent, 2.5);
}

TEST(Timeline, RefusalsOfRunsAreAddedUpAndTheLatestLatencyStays) {
  const Timeline timeline = parse_timeline(kTwoRuns);
  EXPECT_EQ(timeline.points[1].refused, 6);
  EXPECT_EQ(timeline.points[2].refused, 8);
  ASSERT_THAT(timeline.endpoints, SizeIs(2));
  EXPECT_EQ(timeline.endpoints[0].name, "eu");
  EXPECT_EQ(timeline.endpoints[0].refused, 8);
  EXPECT_EQ(timeline.endpoints[0].median_s, 0.5);
  EXPECT_EQ(timeline.endpoints[0].tail_s, 2.1);
}

TEST(Timeline, ALastLineThatIsCutOffIsPassedOverAndOthersAreCounted) {
  const Timeline timeline = parse_timeline(
      "{\"at\":1,\"run\":\"started\"}\nnonsense\n[1]\n{\"rows\":1}\n"
      "{\"at\":2,\"rows\":1}\n{\"at\":3,\"ro");
  EXPECT_THAT(timeline.points, SizeIs(1));
  EXPECT_EQ(timeline.unreadable, 3u);
}

TEST(Timeline, HalfALineOfAKilledRunDoesNotHideTheNextRun) {
  const Timeline timeline = parse_timeline(
      "{\"at\":1,\"run\":\"started\"}\n{\"at\":2,\"rows\":1}\n"
      "{\"at\":3,\"rows\":{\"at\":9,\"run\":\"started\",\"version\":\"2\"}\n"
      "{\"at\":10,\"rows\":2}\n");
  ASSERT_THAT(timeline.runs, SizeIs(2));
  EXPECT_EQ(timeline.runs[1].began, 9);
  EXPECT_EQ(timeline.worked(), 2);
  EXPECT_EQ(timeline.unreadable, 0u);
}

TEST(Timeline, AClockThatStepsBackTakesNoTimeAway) {
  const Timeline timeline = parse_timeline(
      "{\"at\":100,\"run\":\"started\"}\n{\"at\":110,\"rows\":1}\n{\"at\":50,\"rows\":2}\n"
      "{\"at\":111,\"rows\":-3,\"spent\":\"x\"}\n");
  ASSERT_THAT(timeline.points, SizeIs(3));
  EXPECT_EQ(timeline.points[1].worked, 10);
  EXPECT_EQ(timeline.points[2].worked, 11);
  EXPECT_EQ(timeline.points[2].rows, 2) << "what cannot be a count is not known";
}

TEST(Timeline, ManyPointsAreThinnedEvenly) {
  std::string text = "{\"at\":0,\"run\":\"started\"}\n";
  for (int i = 1; i <= 50'000; ++i) text += fmt::format("{{\"at\":{},\"rows\":{}}}\n", i, i);
  const Timeline timeline = parse_timeline(text);
  EXPECT_LT(timeline.points.size(), kMostTimelinePoints);
  EXPECT_GE(timeline.points.size(), kMostTimelinePoints / 2);
  const double step = timeline.points[1].worked - timeline.points[0].worked;
  for (std::size_t i = 1; i < timeline.points.size(); ++i)
    EXPECT_EQ(timeline.points[i].worked - timeline.points[i - 1].worked, step);
  EXPECT_EQ(timeline.worked(), 50'000);
  EXPECT_EQ(timeline.runs[0].rows, 50'000);
}

TEST(Timeline, WhatIsNotThereIsAJobWithoutRuns) {
  const auto timeline = read_timeline("/nowhere");
  ASSERT_TRUE(timeline);
  EXPECT_THAT(timeline->runs, IsEmpty());
  EXPECT_THAT(charts_of(*timeline), IsEmpty());
  EXPECT_FALSE(limits_table(*timeline));
}

TEST(ReportCharts, RatesAreRowsASecondAndMarksStandWhereARunBegins) {
  std::string text = "{\"at\":0,\"run\":\"started\"}\n";
  for (int i = 1; i <= 100; ++i)
    text += fmt::format("{{\"at\":{},\"rows\":{},\"limit\":\"eu\"}}\n", i, 5 * i);
  text += "{\"at\":9000,\"run\":\"started\"}\n";
  for (int i = 1; i <= 100; ++i)
    text += fmt::format("{{\"at\":{},\"rows\":{}}}\n", 9000 + i, 500 + 5 * i);
  const Timeline timeline = parse_timeline(text);
  const std::vector<Block> blocks = charts_of(timeline);
  ASSERT_GE(blocks.size(), 2u);
  const Chart& speed = std::get<Chart>(blocks[0]);
  EXPECT_EQ(speed.x.front(), 0);
  EXPECT_NEAR(speed.x.back(), 200, 1e-9);
  for (const auto& rate : speed.series[0].y) EXPECT_NEAR(*rate, 5, 1e-6);
  ASSERT_THAT(speed.marks, SizeIs(1));
  EXPECT_EQ(speed.marks[0].at, 100);
  EXPECT_EQ(speed.marks[0].text, "run 2");
  double held = 0;
  for (const Span& span : speed.spans) held += span.to - span.from;
  EXPECT_EQ(held, 100);
  const auto table = limits_table(timeline);
  ASSERT_TRUE(table);
  EXPECT_THAT(table->rows, testing::ElementsAre(testing::ElementsAre("eu", "1 min 40 s", "50 %",
                                                                     "0.0 s", "1 min 40 s")));
}

TEST(PlanRecord, TheWayThatSaysSoIsTheChosenOne) {
  const auto plan = parse_plan(
      R"({"made":1790000000,"version":"1","rows":20000,"requests":2000,"chosen":0,"ways":[
          {"name":"as written","cost_usd":1.23,"cost_usd_low":1.1,"cost_usd_high":1.4,"seconds":620},
          {"name":"batch","cost_usd":0.6,"chosen":true,"meets_deadline":false}]})");
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->rows, 20000);
  EXPECT_EQ(plan->chosen, 1u);
  EXPECT_EQ(plan->taken, 1u);
  EXPECT_EQ(plan->ways[0].dollars.high, 1.4);
  EXPECT_EQ(plan->ways[0].seconds.low, std::nullopt);
  EXPECT_EQ(plan->ways[1].meets_deadline, false);
  EXPECT_EQ(plan->ways[1].within_budget, std::nullopt);
}

TEST(PlanRecord, ARunTakesTheWayAsWritten) {
  const auto plan = parse_plan(
      R"({"chosen":null,"ways":[{"name":"as written","as_written":true},{"name":"batch"}]})");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->chosen, std::nullopt);
  EXPECT_EQ(plan->taken, 0u);
}

TEST(PlanRecord, WhatIsNotAPlanIsSaidToBeNone) {
  EXPECT_FALSE(parse_plan("[]"));
  EXPECT_FALSE(parse_plan("{\"rows\":1}"));
  const auto far = parse_plan(R"({"chosen":7,"ways":[{"name":"one"}]})");
  ASSERT_TRUE(far);
  EXPECT_EQ(far->chosen, std::nullopt);
  const auto none = read_plan("/nowhere");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

}  // namespace
}  // namespace sluice::inspect
