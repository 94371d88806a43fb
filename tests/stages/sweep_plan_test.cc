#include "inspect/sweep_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/llama_props.h"

namespace sluice::inspect {
namespace {

using testing::ElementsAre;

std::vector<int> concurrencies(const SweepPlan& plan, int input_tokens) {
  std::vector<int> found;
  for (const SweepPoint& point : plan.points)
    if (point.input_tokens == input_tokens) found.push_back(point.concurrency);
  return found;
}

TEST(SweepPlan, DoublesTheConcurrencyAndTriesThreeWithLongPrompts) {
  const SweepPlan plan =
      plan_sweep({.input_tokens = 100, .output_tokens = 32, .most_concurrency = 24});
  EXPECT_THAT(concurrencies(plan, 100), ElementsAre(1, 2, 4, 8, 16, 24));
  EXPECT_THAT(concurrencies(plan, 400), ElementsAre(1, 5, 12));
  EXPECT_EQ(plan.points.back().output_tokens, 16);
  // Those that begin it, twice as many that count (four at least), and as many that are left.
  EXPECT_EQ(plan.points.front().requests, 1 + 4 + 1);
  EXPECT_EQ(plan.points[5].requests, 24 + 48 + 24);
  int requests = 1;
  for (const SweepPoint& point : plan.points) requests += point.requests;
  EXPECT_EQ(plan.requests, requests);
  EXPECT_EQ(plan.longest, std::chrono::minutes(9));
}

TEST(SweepPlan, TriesAConcurrencyOnceWhereTheFewAreTheSame) {
  const SweepPlan plan = plan_sweep({.input_tokens = 100, .most_concurrency = 2});
  EXPECT_THAT(concurrencies(plan, 100), ElementsAre(1, 2));
  EXPECT_THAT(concurrencies(plan, 400), ElementsAre(1));
}

TEST(SweepPlan, ChecksStandAmongThePointsAndAreNotFitted) {
  const SweepPlan plan =
      plan_sweep({.input_tokens = 100, .most_concurrency = 8, .checks = {6, 3, 4}});
  EXPECT_THAT(concurrencies(plan, 100), ElementsAre(1, 2, 3, 4, 6, 8));
  for (const SweepPoint& point : plan.points)
    EXPECT_EQ(point.check,
              point.input_tokens == 100 && (point.concurrency == 3 || point.concurrency == 6))
        << point.concurrency;
}

TEST(SweepPlan, PromptsLeaveRoomForTheirAnswers) {
  SweepPlan plan = plan_sweep({.input_tokens = 400, .output_tokens = 64, .most_concurrency = 2});
  fit_into(plan.points, 1024);
  EXPECT_EQ(plan.points.front().input_tokens, 400);
  EXPECT_EQ(plan.points.back().input_tokens, 892);  // of 1,600: 0.9 of what 32 tokens leave
  fit_into(plan.points, 10);
  EXPECT_EQ(plan.points.back().input_tokens, 1);
}

TEST(SweepPlan, EqualRequestsAreOneShape) {
  const SweepPlan plan = plan_sweep({.input_tokens = 100, .most_concurrency = 2});
  std::vector<simulate::EnginePoint> points = {
      {.input_tokens = 103, .output_tokens = 64, .concurrency = 1, .ttft_ms = 1, .tpot_ms = 1},
      {.input_tokens = 106, .output_tokens = 63, .concurrency = 2, .ttft_ms = 1, .tpot_ms = 1},
      {.input_tokens = 411, .output_tokens = 32, .concurrency = 1, .ttft_ms = 1, .tpot_ms = 1}};
  level_shapes(plan.points, points);
  EXPECT_EQ(points[0].input_tokens, points[1].input_tokens);
  EXPECT_EQ(points[0].output_tokens, points[1].output_tokens);
  EXPECT_EQ(points[2].input_tokens, 411);
}

TEST(LlamaProps, NameTheSlotsAndTheirRoom) {
  const LlamaProps props = read_llama_props(
      R"({"default_generation_settings":{"n_ctx":1024,"params":{}},"total_slots":6,"build_info":"b1"})");
  EXPECT_EQ(props.slots, 6);
  EXPECT_EQ(props.slot_tokens, 1024);
}

TEST(LlamaProps, StayOpenWhereTheServerDoesNotNameThem) {
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"total_slots":0})", R"({"total_slots":-4})",
        R"({"total_slots":"4"})", R"({"total_slots":1e99,"default_generation_settings":[1]})",
        R"({"total_slots":99999999999})"}) {
    const LlamaProps props = read_llama_props(text);
    EXPECT_FALSE(props.slots) << text;
    EXPECT_FALSE(props.slot_tokens) << text;
  }
}

TEST(LlamaProps, LieBesideTheVersionedPaths) {
  EXPECT_EQ(llama_root("http://127.0.0.1:8080/v1"), "http://127.0.0.1:8080");
  EXPECT_EQ(llama_root("http://host/llama/v1/"), "http://host/llama");
  EXPECT_EQ(llama_root("http://host/llama"), "http://host/llama");
}

}  // namespace
}  // namespace sluice::inspect
