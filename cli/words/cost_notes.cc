#include "words/cost_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/prices.h"
#include "codec/registry.h"
#include "observe/figures.h"

namespace sluice::words {
namespace {

using store::EndpointLedger;

// What an answer of this endpoint has cost, where that is known.
std::optional<core::Money> mean_of(const EndpointLedger& ledger) {
  if (ledger.answered <= ledger.uncounted) return std::nullopt;
  const auto answers = static_cast<std::int64_t>(ledger.answered - ledger.uncounted);
  return core::Money::picodollars((ledger.cost - ledger.failed_cost).picodollars() / answers);
}

Unknown unknown(const store::Account& account, std::uint64_t (*requests)(const EndpointLedger&),
                core::Money (*most)(const EndpointLedger&)) {
  Unknown sum;
  sum.likely = core::Money();
  for (const EndpointLedger& ledger : account.endpoints) {
    const std::uint64_t count = requests(ledger);
    if (count == 0) continue;
    sum.requests += count;
    sum.most += most(ledger);
    const auto mean = mean_of(ledger);
    if (!mean) sum.likely.reset();
    if (sum.likely) *sum.likely += std::min(*mean * count, most(ledger));
  }
  return sum;
}

// Answers of an endpoint whose price is not known stand at nothing.
std::string unpriced_note(const store::Account& account, const provider::EndpointSpec& endpoint) {
  if (!price_unknown(endpoint)) return {};
  const auto ledger = std::ranges::find(account.endpoints, endpoint.name, &EndpointLedger::name);
  if (ledger == account.endpoints.end() || ledger->answered <= ledger->charged) return {};
  const std::uint64_t answers = ledger->answered - ledger->charged;
  return fmt::format(
      "and what {} answer{} of {} cost{}: its price is not known; name it (price = {{ … }}), or "
      "price = 0 where it costs nothing",
      observe::count(answers), answers == 1 ? "" : "s", endpoint.name, answers == 1 ? "s" : "");
}

}  // namespace

bool price_unknown(const provider::EndpointSpec& endpoint) {
  const provider::Profile& profile = *codec::provider_of(endpoint).profile;
  const bool own_server = !profile.base_url.empty() && profile.key_variable.empty();
  return !own_server && !codec::price_of(endpoint);
}

Unknown maybe_billed(const store::Account& account) {
  return unknown(
      account, [](const EndpointLedger& l) { return l.maybe_billed; },
      [](const EndpointLedger& l) { return l.maybe_billed_cost; });
}

Unknown unanswered(const store::Account& account) {
  return unknown(
      account, [](const EndpointLedger& l) { return l.maybe_billed - l.uncounted; },
      [](const EndpointLedger& l) { return l.maybe_billed_cost - l.uncounted_cost; });
}

Unknown uncounted(const store::Account& account) {
  return unknown(
      account, [](const EndpointLedger& l) { return l.uncounted; },
      [](const EndpointLedger& l) { return l.uncounted_cost; });
}

std::string at_most(const Unknown& unknown) {
  std::string text = "at most " + unknown.most.text();
  if (unknown.likely && unknown.most > core::Money())
    text += fmt::format(", likely about {},", unknown.likely->text());
  return text;
}

std::string throttle_note(const schedule::Throttle& throttle) {
  return fmt::format(
      "the budget holds {} requests in flight where {} could be: each counts as {} until it is "
      "answered, {} output tokens, since max_output_tokens is not set; set it to send more at once",
      throttle.in_flight, throttle.could_be, throttle.worst_cost.text(),
      observe::count(throttle.output_tokens));
}

std::vector<std::string> cost_notes(const store::Account& account,
                                    const std::vector<stages::PipelineSpec>& questions) {
  std::vector<std::string> notes;
  const Unknown lost = unanswered(account);
  if (lost.requests > 0)
    notes.push_back(
        fmt::format("and {} for {} requests that may have been billed without an answer",
                    at_most(lost), observe::count(lost.requests)));
  const Unknown odd = uncounted(account);
  if (odd.requests > 0)
    notes.push_back(
        fmt::format("and {} for {} replies without usable token counts: counted at their worst "
                    "price",
                    at_most(odd), observe::count(odd.requests)));
  for (const stages::PipelineSpec& question : questions)
    for (const provider::EndpointSpec& endpoint : question.dispatch.endpoints)
      if (const std::string note = unpriced_note(account, endpoint);
          !note.empty() && std::ranges::find(notes, note) == notes.end())
        notes.push_back(note);
  const bool uncapped = std::ranges::any_of(questions, [](const stages::PipelineSpec& question) {
    return std::ranges::any_of(question.dispatch.endpoints, [](const provider::EndpointSpec& e) {
      return !e.max_output_tokens;
    });
  });
  if (uncapped && lost.most + odd.most > core::Money())
    notes.emplace_back("max_output_tokens on the endpoints makes \"at most\" smaller");
  return notes;
}

}  // namespace sluice::words
