// What a job saved: the table "Saved" of a report.
#include <fmt/format.h>

#include <algorithm>

#include "codec/prices.h"
#include "inspect/report_tables.h"
#include "observe/figures.h"
#include "schedule/estimate.h"
#include "stages/cascade.h"
#include "stages/pack_savings.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

using observe::count;

const provider::EndpointSpec* spec_of(const stages::PipelineSpec& spec, const std::string& name) {
  const auto& all = spec.dispatch.endpoints;
  const auto found = std::ranges::find(all, name, &provider::EndpointSpec::name);
  return found == all.end() ? nullptr : &*found;
}

// The rates of most requests: the step of a long prompt is one request's matter.
core::Money cost_at(const provider::Usage& usage, const core::Price& price) {
  const std::uint64_t cached = std::min(usage.cached_input, usage.input);
  return price.input * (usage.input - cached) + price.cached_input * cached +
         price.output * usage.output;
}

void add_packs(Table& table, const stages::PipelineSpec& spec, const ReportQuestion& question) {
  const store::EndpointLedger total = question.account.total();
  // The rows of a later level were mostly answered by an earlier one.
  if (spec.pack.rows < 2 || spec.level.number > 1 || total.answered == 0 ||
      question.account.rows_answered <= total.answered)
    return;
  const std::uint64_t saved = question.account.rows_answered - total.answered;
  std::string money;
  std::string what = fmt::format("{} rows were answered by {} requests",
                                 count(question.account.rows_answered), count(total.answered));
  const auto frames = stages::frame_bytes(spec, stages::single_question(spec));
  const auto largest =
      std::ranges::max_element(question.account.endpoints, {}, &store::EndpointLedger::answered);
  const provider::EndpointSpec* endpoint = spec_of(spec, largest->name);
  if (endpoint != nullptr) {
    const auto index = static_cast<std::size_t>(endpoint - spec.dispatch.endpoints.data());
    const auto tokens = static_cast<std::uint64_t>(
        static_cast<double>(frames[index].system * saved) / schedule::kDefaultBytesPerToken);
    if (tokens > 0)
      what += fmt::format(
          "; the instruction alone would have been sent {} times more, about {} "
          "input tokens",
          count(saved), observe::rounded(static_cast<double>(tokens)));
    if (const auto price = codec::price_of(*endpoint); price && tokens > 0)
      money = "about " + (price->input * tokens).text();
  }
  table.rows.push_back({"packs", what, money});
}

void add_caches(Table& table, const stages::PipelineSpec& spec, const ReportQuestion& question) {
  core::Money saved;
  std::uint64_t cached = 0;
  std::uint64_t input = 0;
  bool priced = true;
  for (const store::EndpointLedger& ledger : question.account.endpoints) {
    input += ledger.usage.input;
    if (ledger.usage.cached_input == 0) continue;
    cached += ledger.usage.cached_input;
    const provider::EndpointSpec* endpoint = spec_of(spec, ledger.name);
    const auto price = endpoint != nullptr ? codec::price_of(*endpoint) : std::nullopt;
    priced = priced && price.has_value();
    if (!price) continue;
    saved += (price->input - price->cached_input) * ledger.usage.cached_input;
    const core::Rates rates = price->rates(core::Tier::asked, 0);
    saved -= (rates.write() - price->input) * ledger.usage.cache_write;
    saved -= (rates.write_1h() - price->input) * ledger.usage.cache_write_1h;
  }
  if (cached == 0) return;
  table.rows.push_back(
      {"prompt caches",
       fmt::format("{} of {} input tokens were read from a cache", count(cached), count(input)),
       priced ? saved.text() : std::string()});
}

void add_tiers(Table& table, const stages::PipelineSpec& spec, const ReportQuestion& question) {
  core::Money saved;
  std::uint64_t requests = 0;
  for (const store::EndpointLedger& ledger : question.account.endpoints) {
    const provider::EndpointSpec* endpoint = spec_of(spec, ledger.name);
    if (endpoint == nullptr || ledger.answered == 0) continue;
    if (!endpoint->batch && endpoint->service_tier.empty()) continue;
    const auto standard = codec::price_of(*endpoint, core::Tier::standard);
    const auto paid = codec::price_of(*endpoint);
    if (!standard || !paid) continue;
    const core::Money less = cost_at(ledger.usage, *standard) - cost_at(ledger.usage, *paid);
    if (less <= core::Money()) continue;
    saved += less;
    requests += ledger.answered;
  }
  if (requests == 0) return;
  table.rows.push_back(
      {"cheaper tiers",
       fmt::format("{} requests were answered in batches or at a cheaper tier than standard",
                   count(requests)),
       saved.text()});
}

}  // namespace

std::optional<Table> savings_table(const stages::PipelineSpec& spec,
                                   const ReportQuestion& question) {
  Table table{
      .title = "Saved", .columns = {{"by"}, {"what"}, {"at list prices", true}}, .rows = {}};
  add_packs(table, spec, question);
  add_caches(table, spec, question);
  add_tiers(table, spec, question);
  if (table.rows.empty()) return std::nullopt;
  return table;
}

}  // namespace sluice::inspect
