#include "words/simulation_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "inspect/report_charts.h"
#include "inspect/report_words.h"
#include "inspect/timeline.h"

namespace sluice::words {
namespace {

using inspect::count_text;
using inspect::dollars_text;
using inspect::seconds_text;

constexpr std::size_t kMoments = 300;  // of a chart that has all of them

inspect::Timeline timeline_of(const inspect::SimulatedJob& done) {
  std::string lines;
  inspect::TimelineLine first;
  first.run = "started";
  lines += inspect::to_json(first) + '\n';
  for (const inspect::TimelineLine& line : done.timeline) lines += inspect::to_json(line) + '\n';
  return inspect::parse_timeline(lines);
}

// One figure of all scenarios over the same time.
inspect::Chart compared(const std::vector<Simulated>& all, std::string title, inspect::Axis axis,
                        double (*of)(const inspect::TimelineLine&)) {
  inspect::Chart chart{.title = std::move(title), .left = std::move(axis), .x = {}, .series = {}};
  double end = 0;
  for (const Simulated& one : all) end = std::max(end, one.done.seconds);
  for (std::size_t i = 0; i <= kMoments; ++i)
    chart.x.push_back(end * static_cast<double>(i) / kMoments);
  for (const Simulated& one : all) {
    inspect::Series series{.name = one.name, .y = {}};
    std::size_t next = 0;
    double value = 0;
    for (const double x : chart.x) {
      while (next < one.done.timeline.size() && one.done.timeline[next].at <= x)
        value = of(one.done.timeline[next++]);
      // Behind its end a scenario has nothing to show.
      series.y.push_back(x <= one.done.seconds * 1.001 + 1e-9 ? std::optional(value)
                                                              : std::nullopt);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

inspect::Table table_of(const std::vector<Simulated>& all) {
  inspect::Table table{.title = "Side by side",
                       .columns = {{"", false},
                                   {"time", true},
                                   {"cost", true},
                                   {"in flight", true},
                                   {"refused", true},
                                   {"bound by", false}},
                       .rows = {}};
  for (const Simulated& one : all)
    table.rows.push_back({one.name, seconds_text(one.done.seconds), dollars_text(one.done.dollars),
                          count_text(one.done.most_in_flight), count_text(one.done.refused),
                          bound_text(one) + end_text(one)});
  return table;
}

}  // namespace

inspect::Page simulation_page(const std::string& job, const std::string& version,
                              const std::vector<Simulated>& all) {
  inspect::Page page{.title = job + ": simulated", .sections = {}};
  page.subtitle =
      "The real scheduler on virtual time, against models of the endpoints; nothing was sent.";
  const inspect::SimulatedJob& first = all.front().done;
  page.facts.facts = {{"requests", count_text(all.front().job.work.requests.value)},
                      {"time", seconds_text(first.seconds), all.front().name},
                      {"cost", dollars_text(first.dollars), all.front().name}};
  if (all.size() > 1) {
    inspect::Section section{.title = "What if", .blocks = {}};
    section.blocks.emplace_back(table_of(all));
    section.blocks.emplace_back(compared(all, "Rows", {.label = "rows"}, [](const auto& line) {
      return static_cast<double>(line.rows);
    }));
    section.blocks.emplace_back(compared(all, "Money",
                                         {.label = "spent", .unit = inspect::Unit::money},
                                         [](const auto& line) { return line.spent; }));
    page.sections.push_back(std::move(section));
  }
  for (const Simulated& one : all) {
    const inspect::Timeline timeline = timeline_of(one.done);
    inspect::Section section{.title = one.name, .blocks = {}};
    section.blocks.emplace_back(inspect::Note{"Bound by " + bound_text(one) + end_text(one) + "."});
    std::ranges::move(inspect::charts_of(timeline), std::back_inserter(section.blocks));
    if (auto limits = inspect::limits_table(timeline))
      section.blocks.emplace_back(std::move(*limits));
    page.sections.push_back(std::move(section));
  }
  if (first.scale > 1)
    page.notes.push_back(
        fmt::format("One request that was simulated stands for {:.3g} of the job's.", first.scale));
  page.notes.push_back("Made by sluice " + version + ".");
  return page;
}

}  // namespace sluice::words
