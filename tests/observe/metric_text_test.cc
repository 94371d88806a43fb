#include "observe/metric_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::observe {
namespace {

MetricFamilies families() {
  MetricFamilies all;
  all.push_back(
      {.name = "x_requests_total",
       .help = "Asked \\ and\nanswered.",
       .unit = {},
       .type = MetricType::counter,
       .samples = {{{{"endpoint", "a\"b\\c\nd"}}, std::uint64_t{7}}, {{}, std::uint64_t{0}}}});
  all.push_back({.name = "x_cost_dollars_total",
                 .help = "Cost.",
                 .unit = "dollars",
                 .type = MetricType::counter,
                 .samples = {{{}, core::Money::picodollars(1'500'000'000'001)}}});
  all.push_back(
      {.name = "x_wait_seconds",
       .help = "Wait.",
       .unit = "seconds",
       .type = MetricType::histogram,
       .samples = {
           {{{"e", "a"}}, HistogramValue{.bounds = {0.5, 1}, .counts = {2, 0, 1}, .sum = 3.25}}}});
  all.push_back({.name = "x_share_ratio",
                 .help = "Share.",
                 .unit = "ratio",
                 .type = MetricType::gauge,
                 .samples = {{{}, std::numeric_limits<double>::infinity()}}});
  all.push_back(
      {.name = "x_none", .help = "Nothing.", .unit = {}, .type = MetricType::gauge, .samples = {}});
  return all;
}

TEST(MetricText, AsPrometheusHasIt) {
  EXPECT_EQ(as_text(families(), MetricForm::prometheus),
            "# HELP x_requests_total Asked \\\\ and\\nanswered.\n"
            "# TYPE x_requests_total counter\n"
            "x_requests_total{endpoint=\"a\\\"b\\\\c\\nd\"} 7\n"
            "x_requests_total 0\n"
            "# HELP x_cost_dollars_total Cost.\n"
            "# TYPE x_cost_dollars_total counter\n"
            "x_cost_dollars_total 1.500000000001\n"
            "# HELP x_wait_seconds Wait.\n"
            "# TYPE x_wait_seconds histogram\n"
            "x_wait_seconds_bucket{e=\"a\",le=\"0.5\"} 2\n"
            "x_wait_seconds_bucket{e=\"a\",le=\"1.0\"} 2\n"
            "x_wait_seconds_bucket{e=\"a\",le=\"+Inf\"} 3\n"
            "x_wait_seconds_sum{e=\"a\"} 3.25\n"
            "x_wait_seconds_count{e=\"a\"} 3\n"
            "# HELP x_share_ratio Share.\n"
            "# TYPE x_share_ratio gauge\n"
            "x_share_ratio +Inf\n");
}

TEST(MetricText, AsOpenMetricsHasIt) {
  const std::string text = as_text(families(), MetricForm::open_metrics);
  EXPECT_NE(
      text.find(
          "# TYPE x_cost_dollars counter\n# UNIT x_cost_dollars dollars\nx_cost_dollars_total 1.5"),
      text.npos)
      << text;
  EXPECT_NE(text.find("# UNIT x_wait_seconds seconds\n"), text.npos);
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(MetricText, TheFormIsTheOneThatIsAskedFor) {
  EXPECT_EQ(form_for(""), MetricForm::prometheus);
  EXPECT_EQ(form_for("text/plain"), MetricForm::prometheus);
  EXPECT_EQ(form_for("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5"),
            MetricForm::open_metrics);
}

TEST(MetricText, DollarsAreExact) {
  const auto text = [](std::int64_t picodollars) {
    return exact_dollars(core::Money::picodollars(picodollars));
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(1), "0.000000000001");
  EXPECT_EQ(text(-500'000'000'000), "-0.5");
  EXPECT_EQ(text(12'000'000'000'000), "12");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max()), "9223372.036854775807");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min()), "-9223372.036854775808");
}

}  // namespace
}  // namespace sluice::observe
