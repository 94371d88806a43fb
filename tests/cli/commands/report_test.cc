// sluice report: a job's course as one page.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"
#include "tests/inspect/html_elements.h"

namespace sluice::cli {
namespace {

using inspect::ParsedHtml;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAnywhere = "base_url=http://none";

// What a run would have left, of 40 rows in ten seconds.
void write_timeline(const World& world, const std::string& folder) {
  std::string text = "{\"at\":1790000000,\"run\":\"started\",\"version\":\"0.1.0\",\"rows\":0}\n";
  for (int i = 1; i <= 10; ++i)
    text += fmt::format(
        "{{\"at\":{},\"rows\":{},\"rejected\":0,\"total\":40,\"spent\":{},\"in_flight\":8,"
        "\"waiting\":3,"
        "\"refused\":{},\"failed\":0,\"limit\":\"mock: requests per minute\","
        "\"endpoints\":[{{\"name\":\"mock\",\"in_flight\":8,\"median_ms\":812,\"tail_ms\":2100}}]}}"
        "\n",
        1790000000 + i, 4 * i, 0.001 * i, i / 3);
  text += "{\"at\":1790000011,\"run\":\"finished\",\"rows\":40,\"spent\":0.01}\n";
  world.write(folder + "/timeline.jsonl", text);
}

ParsedHtml page_of(const World& world, const std::string& name = "job.report.html") {
  ParsedHtml page = inspect::parse_html(world.read(name));
  EXPECT_EQ(page.wrong, "");
  return page;
}

std::vector<std::string> headings(const ParsedHtml& page) {
  std::vector<std::string> all;
  for (const auto& one : page.named("h2")) all.push_back(one.text);
  return all;
}

TEST(ReportCommand, TellsAJobsCourseInOnePage) {
  World world;
  world.make_rows(40);
  world.make_job(4);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  write_timeline(world, ".sluice/job");
  world.write(
      ".sluice/job/plan.json",
      R"({"made":1789999000,"rows":40,"requests":10,"ways":[{"name":"as written","seconds":9,)"
      R"("seconds_low":8,"seconds_high":12,"cost_usd":0.5,"binding":"requests per minute"}]})");
  const auto made = world.sluice({"report", "job.lua", "--set", kAnywhere});
  EXPECT_EQ(made.status, 0) << made.errors;
  EXPECT_EQ(made.output, "job: the report is in job.report.html\n");

  const ParsedHtml page = page_of(world);
  EXPECT_THAT(headings(page),
              testing::ElementsAre("Plan and actual", "How it went", "Requests and money", "Runs"));
  const std::string text = page.all_text();
  EXPECT_THAT(text, AllOf(HasSubstr("finished, 2026-09-21 14:13:20 UTC to 2026-09-21 14:13:31 UTC"),
                          HasSubstr("rows answered\n40"), HasSubstr("1 run, ")));
  EXPECT_THAT(text, HasSubstr("time\n9.0 s\n8.0 s to 12 s\n11 s\n122 %, within\n"));
  EXPECT_THAT(text, HasSubstr("mock: requests per minute\n10 s\n91 %\n0.0 s\n10 s\n"));
  EXPECT_THAT(text, HasSubstr("2026-09-21 14:13:20 UTC\n11 s\n40\n$0.010\n3\nfinished\n0.1.0\n"));
  EXPECT_LT(world.read("job.report.html").size(), 200'000u);
}

TEST(ReportCommand, OfARunThatLeftNoFiguresOverTimeSaysSo) {
  World world;
  world.make_rows(3);
  world.make_job(1);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  world.write(".sluice/job/timeline.jsonl", "");
  ASSERT_EQ(world.sluice({"report", "job.lua", "--set", kAnywhere, "--to", "a.html"}).status, 0);
  const ParsedHtml page = page_of(world, "a.html");
  EXPECT_THAT(page.all_text(), HasSubstr("No run has left figures over time"));
  EXPECT_THAT(page.named("figure"), testing::IsEmpty());
  EXPECT_EQ(world.sluice({"report", "job.lua", "--set", kAnywhere, "--to", "a.html"}).status, 0)
      << "a page takes an earlier one's place";
}

TEST(ReportCommand, TakesThePlaceOfNothingButAPage) {
  World world;
  world.make_rows(3);
  world.make_job(1);
  world.start_mock();
  const auto early = world.sluice({"report", "job.lua", "--set", kAnywhere});
  EXPECT_EQ(early.status, 5);
  EXPECT_THAT(early.errors, HasSubstr("checkpoint"));
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  for (const std::string name : {"mine.html", "out.jsonl", "job.lua"}) {
    if (name == "mine.html") world.write(name, "<!doctype html>\n<p>mine</p>\n");
    const std::string before = world.read(name);
    const auto refused = world.sluice({"report", "job.lua", "--set", kAnywhere, "--to", name});
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.errors, HasSubstr(name + ": it is there, and is not a page of sluice"));
    EXPECT_EQ(world.read(name), before);
  }
}

TEST(ReportCommand, TextsOfRowsStandInExamplesOfRejectsAlone) {
  World world;
  world.write("in.jsonl",
              "{\"id\":\"</script><img src=x onerror=alert(1)>\",\"text\":\"short\"}\n"
              "{\"id\":\"fine\",\"text\":\"a text that is long enough\"}\n");
  world.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.validate { text = s.text { min = 10 } },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green" } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
  s.sink { "out.jsonl" },
}
)lua");
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 1);
  ASSERT_EQ(world.sluice({"report", "job.lua", "--set", kAnywhere}).status, 0);
  const ParsedHtml page = page_of(world);
  EXPECT_THAT(headings(page), testing::Contains("Rejects"));
  EXPECT_THAT(page.named("img"), testing::IsEmpty());
  EXPECT_THAT(page.all_text(), HasSubstr("</script><img src=x onerror=alert(1)>"));
  EXPECT_THAT(page.all_text(), Not(HasSubstr("long enough")));

  ASSERT_EQ(
      world.sluice({"report", "job.lua", "--set", kAnywhere, "--no-examples", "--to", "b.html"})
          .status,
      0);
  const ParsedHtml without = page_of(world, "b.html");
  EXPECT_THAT(headings(without), testing::Contains("Rejects"));
  EXPECT_THAT(without.all_text(), AllOf(HasSubstr("invalid_field"), Not(HasSubstr("onerror"))));
}

TEST(ReportCommand, EachLevelOfACascadeHasItsSections) {
  World world;
  world.make_rows(12);
  world.write("job.lua", R"lua(
local s = require "sluice"
local function level(name)
  return s.openai { name = name, model = name, base_url = s.param "base_url", price = { input = 1, output = 2 } }
end
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch {
    s.cascade { level "small", level "large", escalate = function(answer) return answer.size > 4 end },
  },
  s.sink { "out.jsonl" },
}
)lua");
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 0);
  ASSERT_EQ(world.sluice({"report", "job.lua", "--set", kAnywhere}).status, 0);
  const ParsedHtml page = page_of(world);
  EXPECT_THAT(headings(page),
              testing::IsSupersetOf({"level 1 of 2", "level 1 of 2: requests and money",
                                     "level 2 of 2", "level 2 of 2: requests and money"}));
}

}  // namespace
}  // namespace sluice::cli
