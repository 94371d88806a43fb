#include "provider/exchange.h"

#include <algorithm>

namespace sluice::provider {
namespace {

bool successful(int status) {
  return status >= 200 && status <= 299;
}

// Of a failure whose charge was not believed: a refusal costs nothing, what broke may have run.
Billing without_charge(int status) {
  return status >= 300 && status < 500 ? Billing::none : Billing::possible;
}

}  // namespace

std::uint64_t word_bytes(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      text, [](char c) { return c != ' ' && c != '\n' && c != '\t' && c != '\r'; }));
}

bool plausible(const Usage& usage, const Exchange& x, bool answered) {
  if (usage.cached_input + usage.cache_write + usage.cache_write_1h > usage.input) return false;
  if (usage.reasoning > usage.output) return false;
  if (usage.input > kMostTokensPerByte * x.sent + kMostAddedTokens) return false;
  const std::uint64_t most =
      x.max_output_tokens ? 2 * static_cast<std::uint64_t>(std::max(0, *x.max_output_tokens)) + 1024
                          : kMostOutputTokens;
  // A server that does not keep to the limit shows it by the length of its reply.
  if (usage.output > std::max(most, x.reply)) return false;
  if (!answered) return true;
  if (usage.input == 0 || usage.input < x.prompt / kMostBytesPerToken) return false;
  return x.words == 0 || (usage.output > 0 && usage.output >= x.words / kMostWordBytesPerToken);
}

bool plausible_charge(core::Money charged, core::Money estimate, core::Money worst, bool answered) {
  if (charged < core::Money()) return false;
  if (charged > (worst > core::Money() ? worst * kMostTimesThePrice : kMostCharge)) return false;
  if (!answered) return true;
  if (charged == core::Money()) return worst == core::Money();
  return charged * kMostTimesThePrice >= estimate;
}

Doubts hold_against(Outcome& outcome, const Exchange& exchange, const core::Price& price,
                    core::Money worst) {
  Doubts doubts;
  const bool answered = outcome.action == Action::none;
  const bool ok = successful(outcome.status);
  if (ok && outcome.billing == Billing::known && !plausible(outcome.usage, exchange, answered)) {
    outcome.usage = {};
    outcome.billing = Billing::possible;
  }
  if (outcome.charged) {
    const core::Money estimate = cost_of(outcome.usage, price, outcome.tier);
    if (plausible_charge(*outcome.charged, estimate, worst, answered)) {
      outcome.billing = Billing::known;
    } else {
      doubts.charge = true;
      outcome.charged.reset();
      if (outcome.usage != Usage{}) {
        outcome.billing = Billing::known;
      } else {
        outcome.billing = ok ? Billing::possible : without_charge(outcome.status);
      }
    }
  }
  doubts.usage = answered && outcome.billing == Billing::possible;
  return doubts;
}

}  // namespace sluice::provider
