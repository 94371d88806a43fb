#include "provider/outcome.h"

#include <algorithm>

namespace sluice::provider {
namespace {

core::Money dearest_input(const core::Rates& rates, core::CacheWrites writes) {
  core::Money dearest = std::max(rates.input, rates.cached_input);
  if (writes != core::CacheWrites::none) dearest = std::max(dearest, rates.write());
  if (writes == core::CacheWrites::hour) dearest = std::max(dearest, rates.write_1h());
  return dearest;
}

}  // namespace

core::Money cost_of(const Usage& usage, const core::Price& price, Tier tier) {
  const core::Rates rates = price.rates(tier, usage.input);
  // A provider that reports more of the parts than of the whole must not make the rest wrap.
  std::uint64_t rest = usage.input;
  const auto part = [&rest](std::uint64_t tokens) {
    const std::uint64_t counted = std::min(tokens, rest);
    rest -= counted;
    return counted;
  };
  core::Money cost = rates.output * usage.output;
  cost += rates.write_1h() * part(usage.cache_write_1h);
  cost += rates.write() * part(usage.cache_write);
  cost += rates.cached_input * part(usage.cached_input);
  return cost + rates.input * rest;
}

void Billed::learn(const Usage& usage, Tier tier) {
  tiers[static_cast<std::size_t>(tier)] = true;
  if (usage.cache_write > 0) writes = std::max(writes, core::CacheWrites::brief);
  if (usage.cache_write_1h > 0) writes = core::CacheWrites::hour;
}

core::Money most_cost_of(const Usage& most, const core::Price& price, const Billed& billed) {
  const core::CacheWrites writes = std::max(price.writes, billed.writes);
  core::Money dearest;
  for (std::size_t t = 0; t < kTiers; ++t) {
    const auto tier = static_cast<Tier>(t);
    if (tier != Tier::asked && tier != Tier::standard && !billed.tiers[t]) continue;
    // Up to the step the rates are those of a short prompt, whatever the bound.
    for (const std::uint64_t input : {std::uint64_t{0}, most.input}) {
      const core::Rates rates = price.rates(tier, input);
      dearest =
          std::max(dearest, dearest_input(rates, writes) * most.input + rates.output * most.output);
    }
  }
  return dearest;
}

}  // namespace sluice::provider
