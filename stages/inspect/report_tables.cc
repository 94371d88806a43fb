#include "inspect/report_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "inspect/batch_state.h"
#include "inspect/line_identity.h"
#include "inspect/report_words.h"
#include "observe/figures.h"

namespace sluice::inspect {
namespace {

using observe::count;

constexpr std::size_t kMostBatches = 50;  // the latest
constexpr std::size_t kMostRuns = 50;     // the latest
constexpr std::size_t kMostReasons = 30;
constexpr std::size_t kDetailBytes = 400;
constexpr std::size_t kKeyBytes = 60;

// Empty for nothing, so that a table's zeros do not hide its figures.
std::string some(std::uint64_t n) {
  return n > 0 ? count(n) : std::string();
}

std::string seconds_or_nothing(const std::optional<double>& seconds) {
  return seconds ? seconds_text(*seconds) : std::string();
}

std::string tier_of(const stages::PipelineSpec& spec, const std::string& name) {
  const auto& all = spec.dispatch.endpoints;
  const auto found = std::ranges::find(all, name, &provider::EndpointSpec::name);
  if (found == all.end()) return {};
  return found->batch ? "batch" : found->service_tier;
}

}  // namespace

void drop_empty_columns(Table& table) {
  for (std::size_t c = table.columns.size(); c-- > 1;) {
    if (std::ranges::any_of(table.rows, [c](const auto& row) { return !row[c].empty(); })) continue;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(c));
    for (auto& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
  }
}

Table endpoints_table(const stages::PipelineSpec& spec, const ReportQuestion& question,
                      bool examples) {
  Table table{.title = "Endpoints",
              .columns = {{"endpoint"},
                          {"tier"},
                          {"answered", true},
                          {"refused", true},
                          {"failed", true},
                          {"in flight", true},
                          {"in batches", true},
                          {"maybe billed", true},
                          {"input tokens", true},
                          {"cached", true},
                          {"output tokens", true},
                          {"reasoning", true},
                          {"cost", true},
                          {"median", true},
                          {"95 % within", true}},
              .rows = {}};
  const auto add = [&](const store::EndpointLedger& l, const std::string& name,
                       const TimelineTotals& seen) {
    table.rows.push_back({name, tier_of(spec, name), count(l.answered),
                          some(static_cast<std::uint64_t>(seen.refused)), some(l.failed),
                          some(l.in_flight), some(l.parked), some(l.maybe_billed),
                          count(l.usage.input), some(l.usage.cached_input), count(l.usage.output),
                          some(l.usage.reasoning), l.cost.text(), seconds_or_nothing(seen.median_s),
                          seconds_or_nothing(seen.tail_s)});
  };
  TimelineTotals all;
  for (const store::EndpointLedger& ledger : question.account.endpoints) {
    const auto& totals = question.timeline.endpoints;
    const auto seen = std::ranges::find(totals, ledger.name, &TimelineTotals::name);
    const TimelineTotals of = seen == totals.end() ? TimelineTotals() : *seen;
    all.refused += of.refused;
    add(ledger, ledger.name, of);
    if (examples && !ledger.problem.empty())
      table.note += fmt::format("No answer from {} since: {}. ", ledger.name, ledger.problem);
  }
  if (table.rows.size() > 1) add(question.account.total(), "all endpoints", all);
  drop_empty_columns(table);
  return table;
}

std::optional<Table> batches_table(const ReportQuestion& question, core::WallTime now,
                                   bool examples) {
  const auto& batches = question.account.batches;
  if (batches.empty()) return std::nullopt;
  Table table{.title = "Batches",
              .columns = {{"batch"},
                          {"at"},
                          {"state"},
                          {"requests", true},
                          {"rows", true},
                          {"done", true},
                          {"failed", true},
                          {"time", true},
                          {"cost", true},
                          {"note"}},
              .rows = {}};
  const std::size_t left_out = batches.size() > kMostBatches ? batches.size() - kMostBatches : 0;
  for (std::size_t i = left_out; i < batches.size(); ++i) {
    const store::BatchRecord& batch = batches[i];
    const auto& endpoints = question.account.endpoints;
    table.rows.push_back(
        {batch.id.empty() ? batch.nonce : batch.id,
         batch.endpoint < endpoints.size() ? endpoints[batch.endpoint].name : std::string(),
         batch_state(batch), count(batch.lines), some(batch.rows), count(batch.done),
         some(batch.failed), observe::duration(batch_age(batch, now)),
         batch.open() ? "at most " + batch.worst_cost.text() : batch.cost.text(),
         examples ? batch.note : std::string()});
  }
  if (left_out > 0) table.note = fmt::format("And {} earlier ones.", count(left_out));
  drop_empty_columns(table);
  return table;
}

std::optional<Table> rejects_table(const ReportQuestion& question, bool examples) {
  const RejectReasons& found = question.reasons;
  if (found.reasons.empty()) return std::nullopt;
  Table table{.title = "Rejects",
              .columns = {{"reason"}, {"stage"}, {"rows", true}, {"of all", true}},
              .rows = {}};
  if (examples) table.columns.insert(table.columns.end(), {{"for example"}, {"because"}});
  std::uint64_t others = 0;
  for (const RejectReason& one : found.reasons) {
    if (table.rows.size() == kMostReasons) {
      others += one.rows;
      continue;
    }
    std::vector<std::string> row = {
        one.example.reason, one.example.stage, count(one.rows),
        observe::percent(static_cast<double>(one.rows) / static_cast<double>(found.rows))};
    if (examples) {
      row.push_back(line_start(one.example.name, kKeyBytes));
      row.push_back(line_start(one.example.detail, kDetailBytes));
    }
    table.rows.push_back(std::move(row));
  }
  if (others > 0) table.note = fmt::format("And {} for other reasons.", count(others));
  if (found.rows < question.account.rows_rejected)
    table.note += fmt::format(" Of the first {} rejects.", count(found.rows));
  return table;
}

std::optional<Table> runs_table(const ReportInput& input) {
  struct Run {
    const TimelineRun* run;
    const ReportQuestion* question;
  };
  std::vector<Run> runs;
  for (const ReportQuestion& question : input.questions)
    for (const TimelineRun& run : question.timeline.runs) runs.push_back({&run, &question});
  if (runs.empty()) return std::nullopt;
  std::ranges::sort(runs, [](const Run& a, const Run& b) {
    return a.run->began != b.run->began ? a.run->began < b.run->began : a.question < b.question;
  });
  Table table{.title = "Runs",
              .columns = {{"began"},
                          {"question"},
                          {"ran for", true},
                          {"rows", true},
                          {"spent", true},
                          {"refused", true},
                          {"failed", true},
                          {"ended"},
                          {"version"}},
              .rows = {}};
  const std::size_t left_out = runs.size() > kMostRuns ? runs.size() - kMostRuns : 0;
  for (std::size_t i = left_out; i < runs.size(); ++i) {
    const TimelineRun& run = *runs[i].run;
    const ReportQuestion& question = *runs[i].question;
    const bool last = &run == &question.timeline.runs.back();
    std::string end = !run.end.empty()           ? run.end
                      : last && question.running ? "runs now"
                                                 : "without a word: it was killed";
    if (input.examples && !run.why.empty()) end += ": " + line_start(run.why, kDetailBytes);
    table.rows.push_back({utc_text(run.began), question.title,
                          seconds_text(run.worked_to - run.worked_from),
                          count_text(run.rows - run.rows_before),
                          dollars_text(std::max(0.0, run.spent - run.spent_before)),
                          some(static_cast<std::uint64_t>(run.refused)),
                          some(static_cast<std::uint64_t>(run.failed)), end, run.version});
  }
  if (left_out > 0) table.note = fmt::format("And {} earlier ones.", count(left_out));
  drop_empty_columns(table);
  return table;
}

}  // namespace sluice::inspect
