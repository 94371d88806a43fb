#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schedule/explain.h"
#include "schedule/parking.h"
#include "schedule/scheduler_impl.h"

namespace sluice::schedule {
namespace {

// An answer that did not come by so many batches is asked online, where that can be.
constexpr std::uint32_t kMostBatches = 2;
constexpr std::uint32_t kMostBatchesAlone = 8;

}  // namespace

bool Scheduler::Impl::park(core::Time now, const Demand& demand) {
  if (draining) return false;
  const Endpoint* best = nullptr;
  double least = 0;
  bool online = false;
  for (const Endpoint& endpoint : endpoints) {
    online = online || (!endpoint.config.batch && !endpoint.stopped);
    if (!endpoint.config.batch || endpoint.parking_stopped) continue;
    const double cost = expected_cost(endpoint.estimate.expected(demand), endpoint.config.price);
    if (best != nullptr && (cost > least || (cost == least && endpoint.parked >= best->parked)))
      continue;
    best = &endpoint;
    least = cost;
  }
  if (best == nullptr || demand.batches >= (online ? kMostBatches : kMostBatchesAlone))
    return false;
  if (config.deadline && online) {
    if (!delivers_at || now - *delivers_at >= Purchase::kAgain) {
      delivers = purchase->delivers(now, endpoints);
      delivers_at = now;
    }
    const auto left = purchase->requests_left(waiting.size());
    if (!parks({.left = left ? std::optional(*left + 1) : std::nullopt,
                .parked = static_cast<double>(parked()),
                .per_second = delivers,
                .seconds = core::in_seconds(*config.deadline - now),
                .usual = core::in_seconds(config.batch_usual)}))
      return false;
  }
  const core::Money worst = best->estimate.worst_cost(demand, best->config.price);
  if (!budget.affords(worst)) return false;
  const auto id = static_cast<EndpointId>(best - endpoints.data());
  budget.reserve(worst);
  parked_cost += worst;
  ++endpoints[id].parked;
  actions.emplace_back(Park{demand.id, id, worst, best->estimate.worst_usage(demand)});
  return true;
}

std::uint64_t Scheduler::Impl::parked() const {
  std::uint64_t parked = 0;
  for (const Endpoint& endpoint : endpoints) parked += endpoint.parked;
  return parked;
}

bool Scheduler::Impl::only_batches() const {
  return std::ranges::all_of(endpoints, [](const Endpoint& e) { return e.config.batch; });
}

// That could not be parked.
void Scheduler::Impl::leave(const Demand& demand) {
  if (demand.batches >= kMostBatchesAlone && !draining) {
    actions.emplace_back(RejectRequest{
        demand.id,
        {core::Stage::dispatch,
         "retries_exhausted",
         fmt::format("it stood in {} batches, and none has brought an answer", demand.batches),
         {}}});
    return;
  }
  const bool open = std::ranges::any_of(
      endpoints, [](const Endpoint& e) { return e.config.batch && !e.parking_stopped; });
  if (open && !draining && budget.reserved() == core::Money())
    halt(HaltCause::budget, explain_budget(demand, endpoints, budget));
  actions.emplace_back(ReleaseRequest{
      demand.id, open || draining ? std::string() : explain_left(demand, endpoints)});
}

std::string Scheduler::Impl::beyond_deadline(core::Time now) const {
  if (!purchase || !config.deadline || draining) return {};
  const double seconds = core::in_seconds(*config.deadline - now);
  if (seconds <= 0) return {};
  return explain_beyond_deadline({.waiting = waiting.size(),
                                  .parked = parked(),
                                  .per_second = purchase->could_deliver(now, endpoints),
                                  .seconds = seconds});
}

void Scheduler::collected(EndpointId endpoint, std::uint64_t requests, core::Money worst_cost,
                          core::Money cost) {
  Endpoint& of = impl_->endpoints[endpoint];
  of.parked -= std::min(of.parked, requests);
  impl_->parked_cost -= worst_cost;
  impl_->budget.settle(worst_cost, cost);
}

void Scheduler::stop_parking(EndpointId endpoint, std::string why) {
  Endpoint& of = impl_->endpoints[endpoint];
  of.parking_stopped = true;
  of.stop_reason = std::move(why);
}

}  // namespace sluice::schedule
