// The plan of a run beside what came of it: tables of a report.
#include <fmt/format.h>

#include <algorithm>

#include "inspect/report_tables.h"
#include "inspect/report_words.h"
#include "observe/figures.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kMostWays = 20;

std::string bounds(const PlannedFigure& figure, std::string (*text)(double)) {
  if (!figure.low || !figure.high) return {};
  return fmt::format("{} to {}", text(*figure.low), text(*figure.high));
}

// What `actual` is of what was planned, and whether it is within the plan's bounds.
std::string held(const PlannedFigure& planned, double actual, bool finished) {
  if (!planned.value || !(*planned.value > 0)) return {};
  std::string text = observe::percent(actual / *planned.value);
  if (planned.high && actual > *planned.high)
    text += ", above";
  else if (finished && planned.low && actual < *planned.low)
    text += ", below";
  else if (finished && planned.low && planned.high)
    text += ", within";
  return text;
}

// What stood when the plan was made: that of the run that began then.
TimelineRun before_plan(const ReportQuestion& question) {
  for (const TimelineRun& run : question.timeline.runs)
    if (run.began >= question.plan->made) return run;
  return {};
}

}  // namespace

std::optional<Table> plan_table(const ReportQuestion& question) {
  if (!question.plan) return std::nullopt;
  const PlanRecord& plan = *question.plan;
  const store::Account& account = question.account;
  const store::EndpointLedger ledger = account.total();
  const TimelineRun before = before_plan(question);
  const bool finished = account.input_complete && account.rows_pending() == 0;
  const PlannedWay way = plan.taken ? plan.ways[*plan.taken] : PlannedWay();

  Table table{.title = {},
              .columns = {{""},
                          {"plan", true},
                          {"between", true},
                          {finished ? "actual" : "so far", true},
                          {"of the plan", true}},
              .rows = {}};
  const auto add = [&](std::string what, const PlannedFigure& planned, double actual,
                       std::string (*text)(double)) {
    if (!planned.value) return;
    actual = std::max(0.0, actual);
    table.rows.push_back({std::move(what), text(*planned.value), bounds(planned, text),
                          text(actual), held(planned, actual, finished)});
  };
  add("cost", way.dollars, ledger.cost.dollars() - before.spent_before, dollars_text);
  const double worked = question.timeline.worked() - before.worked_from;
  if (worked > 0) add("time", way.seconds, worked, seconds_text);
  add("rows", {plan.rows, {}, {}},
      static_cast<double>(account.rows_answered + account.rows_rejected), count_text);
  add("requests", {plan.requests, {}, {}},
      static_cast<double>(ledger.answered) - before.answered_before, count_text);
  add("input tokens", way.input_tokens,
      static_cast<double>(ledger.usage.input) - before.input_tokens_before, count_text);
  add("output tokens", way.output_tokens,
      static_cast<double>(ledger.usage.output) - before.output_tokens_before, count_text);
  if (table.rows.empty()) return std::nullopt;
  const std::string made = utc_text(plan.made);
  table.note = made.empty() ? "Planned" : "Planned at " + made;
  if (!way.name.empty()) table.note += ": " + way.name;
  if (!way.binding.empty()) table.note += fmt::format("; bound by {}", way.binding);
  table.note += '.';
  if (before.rows_before > 0)
    table.note +=
        " It is for what was left then, and so are the figures beside it; rows are the input's.";
  drop_empty_columns(table);
  return table;
}

std::optional<Table> ways_table(const PlanRecord& plan) {
  if (plan.ways.size() < 2) return std::nullopt;
  Table table{
      .title = "The ways that the plan looked at",
      .columns =
          {{"way"}, {"cost", true}, {"time", true}, {"bound by"}, {"deadline"}, {"budget"}, {""}},
      .rows = {}};
  const auto kept = [](const std::optional<bool>& is, std::string_view yes, std::string_view no) {
    return !is ? std::string() : std::string(*is ? yes : no);
  };
  for (std::size_t i = 0; i < std::min(plan.ways.size(), kMostWays); ++i) {
    const PlannedWay& way = plan.ways[i];
    const std::string advised = plan.chosen == i ? "advised" : "";
    const std::string taken = plan.taken == i ? "taken" : "";
    table.rows.push_back({way.name, way.dollars.value ? dollars_text(*way.dollars.value) : "",
                          way.seconds.value ? seconds_text(*way.seconds.value) : "", way.binding,
                          kept(way.meets_deadline, "met", "missed"),
                          kept(way.within_budget, "kept", "passed"),
                          advised.empty() || taken.empty() ? advised + taken : "advised, taken"});
  }
  drop_empty_columns(table);
  return table;
}

}  // namespace sluice::inspect
