#include "inspect/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "inspect/report_charts.h"
#include "inspect/report_tables.h"
#include "inspect/report_words.h"
#include "observe/figures.h"

namespace sluice::inspect {
namespace {

using observe::count;

double seconds_since_1970(core::WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// Rows that the job is known to have.
std::uint64_t rows_of(const ReportQuestion& question) {
  std::uint64_t rows = question.account.rows_read;
  if (!question.account.input_complete && !question.timeline.points.empty())
    rows = std::max(rows, static_cast<std::uint64_t>(question.timeline.points.back().total));
  return rows;
}

std::string state_of(const ReportInput& input) {
  if (std::ranges::any_of(input.questions, &ReportQuestion::running)) return "running";
  const ReportQuestion& last = input.questions.back();
  if (last.begun && last.account.input_complete && last.account.rows_pending() == 0)
    return "finished";
  const TimelineRun* latest = nullptr;
  for (const ReportQuestion& question : input.questions)
    for (const TimelineRun& run : question.timeline.runs)
      if (latest == nullptr || run.began >= latest->began) latest = &run;
  if (latest == nullptr || latest->end.empty()) return "not finished";
  return latest->end == "failed" ? "failed" : "stopped";
}

std::string subtitle(const ReportInput& input) {
  double first = 0;
  double last = 0;
  for (const ReportQuestion& question : input.questions) {
    for (const TimelineRun& run : question.timeline.runs) {
      first = first > 0 ? std::min(first, run.began) : run.began;
      last = std::max(last, run.last);
    }
  }
  std::string text = state_of(input);
  if (first > 0 && last > 0) text += fmt::format(", {} to {}", utc_text(first), utc_text(last));
  return text;
}

std::string share_note(double some, double all, std::string_view of) {
  if (!(all > 0)) return {};
  return fmt::format("{} of {}", observe::percent(some / all), of);
}

Facts figures(const ReportInput& input) {
  const ReportQuestion& last = input.questions.back();
  const store::Account& account = input.total;
  const store::EndpointLedger ledger = account.total();
  const std::uint64_t rows = rows_of(last);
  const std::uint64_t ended = account.rows_answered + account.rows_rejected;
  double worked = 0;
  std::size_t runs = 0;
  for (const ReportQuestion& question : input.questions) {
    worked += question.timeline.worked();
    runs = std::max(runs, question.timeline.runs.size());
  }
  const auto& budget = input.job.questions.back().dispatch.budget;
  const auto tokens = static_cast<double>(ledger.usage.input + ledger.usage.output);

  Facts facts;
  facts.facts.push_back(
      {"rows answered", count(account.rows_answered),
       fmt::format("of {}{}", count(rows), account.input_complete ? "" : " known so far")});
  facts.facts.push_back({"rejected", count(account.rows_rejected),
                         account.rows_rejected > 0
                             ? share_note(static_cast<double>(account.rows_rejected),
                                          static_cast<double>(ended), "those that ended")
                             : std::string()});
  facts.facts.push_back({"left", count(rows > ended ? rows - ended : 0),
                         account.input_complete ? "" : "the input was not read to its end"});
  facts.facts.push_back(
      {"spent", ledger.cost.text(), budget ? "of a budget of " + budget->text() : std::string()});
  facts.facts.push_back(
      {"tokens", observe::rounded(tokens),
       fmt::format("{} in, {} out", observe::rounded(static_cast<double>(ledger.usage.input)),
                   observe::rounded(static_cast<double>(ledger.usage.output)))});
  facts.facts.push_back({"requests", count(ledger.answered),
                         ledger.failed > 0 ? fmt::format("and {} failed", count(ledger.failed))
                                           : std::string("none failed")});
  if (worked > 0)
    facts.facts.push_back(
        {"time", seconds_text(worked),
         counted(static_cast<double>(runs), "run") +
             (worked > 0 && ended > 0
                  ? fmt::format(", {} rows/s",
                                observe::rounded(static_cast<double>(ended) / worked))
                  : std::string())});
  return facts;
}

template <class T>
void add(Section& section, std::optional<T> block) {
  if (block) section.blocks.emplace_back(std::move(*block));
}

// What heads the section of a question among several.
Facts question_figures(const ReportQuestion& question) {
  const store::Account& account = question.account;
  return {{{"rows answered", count(account.rows_answered),
            fmt::format("of {}", count(rows_of(question)))},
           {"rejected", count(account.rows_rejected)},
           {"left", count(account.rows_pending())},
           {"spent", account.total().cost.text()}}};
}

void add_question(Page& page, const ReportInput& input, std::size_t k) {
  const ReportQuestion& question = input.questions[k];
  const bool only = input.questions.size() == 1;
  Section course{.title = only ? "How it went" : question.title, .blocks = {}};
  if (!question.begun) {
    course.blocks.emplace_back(Note{"It has not begun."});
    page.sections.push_back(std::move(course));
    return;
  }
  if (!only) course.blocks.emplace_back(question_figures(question));
  if (auto table = plan_table(question)) {
    Section plan{.title = "Plan and actual", .blocks = {}};
    Section& section = only ? plan : course;
    if (!only) table->title = plan.title;
    section.blocks.emplace_back(std::move(*table));
    add(section, ways_table(*question.plan));
    if (only) page.sections.push_back(std::move(plan));
  }
  std::vector<Block> charts = charts_of(question.timeline);
  if (charts.empty())
    course.blocks.emplace_back(Note{
        "No run has left figures over time (timeline.jsonl in the checkpoint's folder): runs of "
        "earlier versions left none, and very short ones leave too few."});
  for (Block& chart : charts) course.blocks.push_back(std::move(chart));
  add(course, limits_table(question.timeline));
  if (question.timeline.unreadable > 0)
    course.blocks.emplace_back(
        Note{fmt::format("{} of timeline.jsonl could not be read.",
                         counted(static_cast<double>(question.timeline.unreadable), "line"))});

  const stages::PipelineSpec& spec = input.job.questions[k];
  Section requests{.title = only ? "Requests and money" : question.title + ": requests and money",
                   .blocks = {}};
  requests.blocks.emplace_back(endpoints_table(spec, question, input.examples));
  for (const std::string& note : question.cost_notes)
    requests.blocks.emplace_back(Note{
        (note.starts_with("and ") ? question.account.total().cost.text() + ' ' : "") + note + "."});
  add(requests, batches_table(question, input.now, input.examples));
  add(requests, savings_table(spec, question));
  std::optional<Table> rejects = rejects_table(question, input.examples);
  page.sections.push_back(std::move(course));
  page.sections.push_back(std::move(requests));
  if (!rejects) return;
  rejects->title.clear();
  page.sections.push_back(
      {only ? "Rejects" : question.title + ": rejects",
       {std::move(*rejects),
        Note{fmt::format("`sluice rejects {0}` lists them all; `sluice redo {0}` "
                         "has the next run ask them again.",
                         spec.file)}}});
}

}  // namespace

Page report_page(const ReportInput& input) {
  Page page{.title = input.job.name,
            .subtitle = subtitle(input),
            .facts = figures(input),
            .sections = {},
            .notes = input.notes};
  for (std::size_t k = 0; k < input.questions.size(); ++k) add_question(page, input, k);
  if (auto runs = runs_table(input)) {
    runs->title.clear();
    page.sections.push_back({"Runs", {std::move(*runs)}});
  }
  page.notes.push_back(fmt::format("Made by sluice {} at {} of {}.", input.version,
                                   utc_text(seconds_since_1970(input.now)),
                                   input.job.questions.front().file));
  return page;
}

}  // namespace sluice::inspect
