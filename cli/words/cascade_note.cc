#include "words/cascade_note.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/printable.h"
#include "observe/figures.h"

namespace sluice::words {
namespace {

std::string level_name(const stages::PipelineSpec& spec) {
  const auto& endpoints = spec.dispatch.endpoints;
  const std::string& model = endpoints.front().model;
  if (std::ranges::all_of(endpoints, [&](const auto& one) { return one.model == model; }))
    return core::printable(model);
  return fmt::format("level {}", spec.level.number);
}

// What a row that was asked has cost, as a share of `rows`. Rows of an earlier version of the file were
// paid for too: where a request has one row, the requests say how many there were.
core::Money cost_of_rows(const stages::PipelineSpec& spec, const store::EndpointLedger& total,
                         std::uint64_t asked, std::uint64_t rows) {
  const std::uint64_t paid = spec.pack.rows == 1 ? std::max(asked, total.answered) : asked;
  return core::Money::picodollars(
      static_cast<std::int64_t>(static_cast<double>(total.cost.picodollars()) *
                                static_cast<double>(rows) / static_cast<double>(paid)));
}

}  // namespace

CascadeFigures cascade_figures(const stages::JobSpec& job, std::size_t last,
                               const std::vector<store::Account>& accounts,
                               const std::vector<std::uint64_t>& accepted) {
  CascadeFigures figures;
  const auto levels = static_cast<std::size_t>(job.questions[last].level.count);
  const std::size_t first = last + 1 - levels;
  const std::uint64_t all = accounts[last].rows_answered;
  std::uint64_t before = 0;
  for (std::size_t k = first; k <= last; ++k) {
    const std::uint64_t so_far = k == last ? all : accepted[k + 1];
    figures.levels.push_back({level_name(job.questions[k]), so_far - std::min(so_far, before)});
    figures.cost += accounts[k].total().cost;
    before = so_far;
  }
  for (auto& level : figures.levels) {
    const auto same = [&](const CascadeFigures::Level& one) { return one.name == level.name; };
    if (std::ranges::count_if(figures.levels, same) == 1) continue;
    for (std::size_t i = 0; i < figures.levels.size(); ++i)
      figures.levels[i].name = fmt::format("level {}", i + 1);
    break;
  }
  const store::EndpointLedger total = accounts[last].total();
  const std::uint64_t asked = figures.levels.back().answered;
  if (asked > 0 && total.cost > core::Money())
    figures.last_alone = cost_of_rows(job.questions[last], total, asked, all);
  return figures;
}

std::string cascade_note(const CascadeFigures& figures) {
  std::string text;
  for (const CascadeFigures::Level& level : figures.levels)
    text += text.empty()
                ? fmt::format("{} answered {} row{}", level.name, observe::count(level.answered),
                              level.answered == 1 ? "" : "s")
                : fmt::format(", {} {}", level.name, observe::count(level.answered));
  if (!figures.last_alone) return text;
  const std::string& name = figures.levels.back().name;
  if (*figures.last_alone > figures.cost)
    return text + fmt::format("; {} instead of about {} had {} answered all", figures.cost.text(),
                              figures.last_alone->text(), name);
  return text + fmt::format(
                    "; {}, and {} alone would have cost about {}: so many rows are "
                    "escalated that nothing is saved",
                    figures.cost.text(), name, figures.last_alone->text());
}

}  // namespace sluice::words
