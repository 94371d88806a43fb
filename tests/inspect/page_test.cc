// The page: what stands in it is text, it asks for nothing, its size is bounded.
#include "inspect/page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>

#include "inspect/page_charts.h"
#include "tests/inspect/html_elements.h"
#include "web/embedded.h"

namespace sluice::inspect {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kHostile =
    "</script><script>alert(1)</script><img src=x onerror=alert(1)> \" ' & <!-- -->";

Chart chart_of(std::size_t points) {
  Chart chart{.title = "throughput", .left = {"rows/s"}, .x = {}, .series = {{"rows/s", {}}}};
  for (std::size_t i = 0; i < points; ++i) {
    chart.x.push_back(static_cast<double>(i));
    chart.series[0].y.push_back(std::sin(static_cast<double>(i)));
  }
  return chart;
}

Page page_of(std::string_view text) {
  const std::string t(text);
  Chart chart = chart_of(3);
  chart.title = chart.note = chart.left.label = chart.series[0].name = t;
  chart.spans = {{0, 1, t}};
  chart.marks = {{1, t}};
  return {.title = t,
          .subtitle = t,
          .facts = {{{t, t, t}}},
          .sections = {{t, {Note{t}, Facts{{{t, t, t}}}, Table{t, {{t, true}}, {{t}}, t}, chart}}},
          .notes = {t}};
}

TEST(Page, EveryTextOfAStrangerIsTextAndNeverMarkup) {
  const std::string with = html(page_of(kHostile));
  const ParsedHtml hostile = parse_html(with);
  ASSERT_EQ(hostile.wrong, "");
  const ParsedHtml plain = parse_html(html(page_of("plain")));
  ASSERT_EQ(plain.wrong, "");
  ASSERT_EQ(hostile.elements.size(), plain.elements.size());
  for (std::size_t i = 0; i < plain.elements.size(); ++i)
    EXPECT_EQ(hostile.elements[i].name, plain.elements[i].name);
  EXPECT_THAT(hostile.named("img"), IsEmpty());
  const auto cells = hostile.named("bdi");
  ASSERT_THAT(cells, SizeIs(1));
  EXPECT_EQ(cells[0].text, kHostile);
}

TEST(Page, ControlAndDirectionCharactersAreTakenOut) {
  const ParsedHtml page =
      parse_html(html(page_of("a\x01\x7f\xe2\x80\xae"
                              "b\xff\n")));
  EXPECT_EQ(page.wrong, "");
  const std::string cell = page.named("bdi").at(0).text;
  EXPECT_THAT(cell, Not(testing::ContainsRegex("[\x01-\x1f\x7f]")));
  EXPECT_THAT(cell, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(cell, Not(HasSubstr("\xff")));
}

TEST(Page, AsksForNothingAndRunsOnlyItsOwnScripts) {
  const ParsedHtml page = parse_html(html(page_of("plain")));
  std::string policy;
  for (const Element& one : page.elements) {
    EXPECT_FALSE(one.attributes.contains("src")) << one.name;
    EXPECT_FALSE(one.attributes.contains("style")) << one.name;
    for (const auto& [name, value] : one.attributes) EXPECT_FALSE(name.starts_with("on")) << name;
    if (one.name == "link") {
      EXPECT_EQ(one.attributes.at("href"), "data:,");
    } else {
      EXPECT_FALSE(one.attributes.contains("href"));
    }
    if (one.attributes.contains("http-equiv")) policy = one.attributes.at("content");
  }
  EXPECT_THAT(policy, testing::StartsWith("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("http")));
}

TEST(Page, WithoutWhatDrawsThemChartsAreLeftOutAndThePageSaysSo) {
  const ParsedHtml page = parse_html(html(page_of("plain")));
  const bool drawn = web::chart_library().has_value();
  EXPECT_THAT(page.named("figure"), SizeIs(drawn ? 1 : 0));
  EXPECT_THAT(page.named("script"), SizeIs(drawn ? 3 : 0));
  EXPECT_THAT(page.all_text(), drawn ? Not(HasSubstr("built without"))
                                     : testing::Matcher<std::string>(
                                           HasSubstr("built without what draws its charts")));
  EXPECT_EQ(html(page_of("plain")).find("Permission is hereby granted") != std::string::npos,
            drawn);
  const Page tables{.title = "t", .sections = {{"s", {Table{"t", {{"c"}}, {{"1"}}}}}}};
  EXPECT_THAT(html(tables), Not(HasSubstr("<script")));
  EXPECT_THAT(html(tables), Not(HasSubstr("built without")));
}

TEST(Page, ATextIsCutAtItsBound) {
  const ParsedHtml page = parse_html(html(page_of(std::string(3 * kMostPageText, 'x'))));
  EXPECT_EQ(page.named("bdi").at(0).text, std::string(kMostPageText, 'x') + "…");
}

TEST(PageCharts, ManyPointsBecomeAThousandThatKeepEachPeak) {
  Chart chart = chart_of(10'000);
  chart.series[0].y[4321] = 100;
  chart.series[0].y[5432] = -100;
  chart.series[0].y[6543].reset();
  const auto kept = kept_points(chart);
  EXPECT_LE(kept.size(), kMostChartPoints);
  EXPECT_GE(kept.size(), kMostChartPoints / 2);
  EXPECT_TRUE(std::ranges::is_sorted(kept));
  for (const std::size_t point : {0, 4321, 5432, 6543, 9999})
    EXPECT_THAT(kept, testing::Contains(point));
  EXPECT_LT(chart_json(chart, 0).size(), 40'000u);
  EXPECT_THAT(kept_points(chart_of(1000)), SizeIs(1000));
}

TEST(PageCharts, ManySeriesShareTheBound) {
  Chart chart = chart_of(50'000);
  for (int i = 0; i < 30; ++i) chart.series.push_back(chart.series[0]);
  EXPECT_LE(kept_points(chart).size(), kMostChartPoints);
  simdjson::dom::parser parser;
  const auto json = parser.parse(chart_json(chart, 0));
  EXPECT_EQ(simdjson::dom::array(json["series"]).size(), kMostSeries);
}

TEST(PageCharts, WhatIsNotANumberOrStepsBackIsNotDrawn) {
  Chart chart = chart_of(0);
  chart.x = {0, 1, NAN, 0.5, 2};
  chart.series[0].y = {1, INFINITY, 3, 4};
  EXPECT_THAT(kept_points(chart), ElementsAre(0, 1, 4));
  EXPECT_THAT(chart_json(chart, 0), HasSubstr(R"("x":[0,1,2])"));
  EXPECT_THAT(chart_json(chart, 0), HasSubstr(R"("y":[1,null,null])"));
}

TEST(PageCharts, SpansOfOneTextAreJoinedAndTheLongestStay) {
  Chart chart = chart_of(101);
  chart.spans = {{20, 30, "b"}, {0, 10, "a"}, {10, 20, "a"}, {40, 40, "c"}};
  const auto spans = kept_spans(chart);
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].to, 20);
  const auto texts = span_texts(chart, spans);
  ASSERT_THAT(texts, SizeIs(2));
  EXPECT_EQ(texts[0].text, "a");
  EXPECT_DOUBLE_EQ(texts[0].share, 0.2);

  chart.spans.clear();
  for (int i = 0; i < 2000; ++i) chart.spans.push_back({i * 1.0, i + 0.5 + i % 2 * 0.25, "x"});
  EXPECT_THAT(kept_spans(chart), SizeIs(kMostSpans));
}

}  // namespace
}  // namespace sluice::inspect
