#include "schedule/router.h"

#include <algorithm>

namespace sluice::schedule {
namespace {

// The endpoints of which `purchase` wants nothing, unless no other can take the request.
void find_unwanted(const Demand& demand, const EndpointSet& fits,
                   std::span<const Endpoint> endpoints, const Budget& budget,
                   const Purchase& purchase, EndpointSet& unwanted) {
  unwanted.assign(endpoints.size(), false);
  bool others = false;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if (!fits[i] || endpoints[i].stopped) continue;
    unwanted[i] = purchase.closed(static_cast<EndpointId>(i));
    if (unwanted[i] || others) continue;
    others = budget.affords(endpoints[i].estimate.worst_cost(demand, endpoints[i].config.price));
  }
  if (!others) unwanted.clear();
}

}  // namespace

bool never_fits(const Demand& demand, const Endpoint& endpoint) {
  if (!endpoint.quota.too_large(endpoint.estimate.expected(demand))) return false;
  return demand.rows > 1 || endpoint.quota.too_large_for_file(endpoint.estimate.presumed(demand));
}

void Eligibility::measure(const Request& request, std::span<const Endpoint> endpoints) {
  fits.assign(endpoints.size(), false);
  anywhere = false;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& endpoint = endpoints[i];
    if (endpoint.quota.too_large(endpoint.estimate.expected(request.demand))) continue;
    if (request.refused_by(static_cast<EndpointId>(i))) continue;
    fits[i] = true;
    if (!endpoint.stopped) anywhere = true;
  }
  if (anywhere) return;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& endpoint = endpoints[i];
    if (never_fits(request.demand, endpoint) || request.refused_by(static_cast<EndpointId>(i)))
      continue;
    fits[i] = true;
    if (!endpoint.stopped) anywhere = true;
  }
}

void Eligibility::make(const Request& request, core::Time now, std::span<const Endpoint> endpoints,
                       const Budget& budget, const EndpointSet& claimed,
                       const std::optional<core::Time>& deadline, const Purchase* purchase) {
  const Demand& demand = request.demand;
  measure(request, endpoints);
  unwanted.clear();
  if (purchase != nullptr) find_unwanted(demand, fits, endpoints, budget, *purchase, unwanted);
  candidates.clear();
  when.reset();
  affordable = false;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& endpoint = endpoints[i];
    if (!fits[i] || endpoint.stopped) continue;
    const core::Money worst = endpoint.estimate.worst_cost(demand, endpoint.config.price);
    if (!budget.affords(worst)) continue;
    affordable = true;
    if (!unwanted.empty() && unwanted[i]) continue;
    const int slots = endpoint.slots_free();
    if (slots <= 0 || (!claimed.empty() && claimed[i])) continue;
    const Tokens tokens = endpoint.estimate.expected(demand);
    core::Time free = std::max({endpoint.cooling.until(), endpoint.quota.earliest(now, tokens),
                                endpoint.shares.earliest(now, tokens), endpoint.rate.earliest(now),
                                endpoint.breaker.earliest(now)});
    if (!unwanted.empty())
      free = std::max(free, purchase->earliest(now, static_cast<EndpointId>(i)));
    if (free == core::Time::max()) continue;
    if (request.avoid == static_cast<EndpointId>(i)) free = std::max(free, request.avoid_until);
    if (free > now) {
      when = std::min(when.value_or(free), free);
      continue;
    }
    const double room = std::min(static_cast<double>(slots), endpoint.quota.room(now, tokens));
    bool late = false;
    if (deadline) {
      const auto& takes = endpoint.latency.median();
      late = takes && now + *takes > *deadline;
    }
    candidates.push_back({static_cast<EndpointId>(i), tokens, worst, room, late});
  }
}

Router::Router(Route route, std::span<const Endpoint> endpoints)
    : route_(route),
      weighted_(std::ranges::any_of(endpoints,
                                    [](const Endpoint& e) { return e.config.weight.has_value(); })),
      turn_(endpoints.size(), 0.0) {}

const Candidate& Router::choose(std::vector<Candidate>& candidates,
                                std::span<const Endpoint> endpoints) {
  if (!std::ranges::all_of(candidates, &Candidate::late))
    std::erase_if(candidates, &Candidate::late);
  switch (route_) {
    case Route::in_order:
      break;
    case Route::cheapest:
    case Route::deadline:
      return *std::ranges::min_element(candidates, {}, [&](const Candidate& c) {
        return expected_cost(c.expected, endpoints[c.endpoint].config.price);
      });
    case Route::spread:
      return next_in_turn(candidates, endpoints);
  }
  return candidates.front();
}

const Candidate& Router::next_in_turn(std::span<const Candidate> candidates,
                                      std::span<const Endpoint> endpoints) {
  // As nginx balances: each gains its weight, the one with the most goes and pays for all.
  const Candidate* best = nullptr;
  double total = 0;
  for (const Candidate& candidate : candidates) {
    const double share =
        weighted_ ? endpoints[candidate.endpoint].config.weight.value_or(1) : candidate.room;
    total += share;
    turn_[candidate.endpoint] += share;
    if (best == nullptr || turn_[candidate.endpoint] > turn_[best->endpoint]) best = &candidate;
  }
  turn_[best->endpoint] -= total;
  return *best;
}

}  // namespace sluice::schedule
