#include "schedule/scheduler.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "schedule/explain.h"
#include "schedule/scheduler_impl.h"

namespace sluice::schedule {

Scheduler::Impl::Impl(Config given)
    : config(std::move(given)),
      endpoints(config.endpoints.begin(), config.endpoints.end()),
      budget(config.budget, config.spent),
      router(config.route, endpoints),
      jitter(config.seed),
      waiting(endpoints.size()),
      hedging(endpoints.size()),
      next_attempt(config.first_attempt) {
  bool batches = false;
  for (Endpoint& endpoint : endpoints) {
    endpoint.stopped = endpoint.config.batch;
    endpoint.parked = endpoint.config.parked;
    batches = batches || endpoint.config.batch;
  }
  if (config.route == Route::deadline || batches)
    purchase.emplace(endpoints.size(), config.deadline);
  parked_cost = config.parked_cost;
  budget.reserve(parked_cost);
}

void Scheduler::Impl::enqueue(core::Time ready, Request& request) {
  eligibility.measure(request, endpoints);
  if (!eligibility.anywhere && !draining) {
    nowhere(request);
    return;
  }
  waiting.push(eligibility.fits, ready, request);
}

LaneStep Scheduler::Impl::next_step(core::Time now) {
  std::optional<core::Time> when;
  const auto at = [&when](core::Time t) { when = std::min(when.value_or(t), t); };
  claimed.clear();
  waiting.in_turn(lanes);
  for (Lane* lane : lanes) {
    const Waiter& head = lane->head();
    if (head.ready > now) {  // and so are the heads of all that follow
      at(head.ready);
      break;
    }
    const Request& request = *head.request;
    eligibility.make(request, now, endpoints, budget, claimed, config.deadline, buying());
    if (!eligibility.anywhere) return {Step::nowhere, lane, {}};
    if (eligibility.fits != lane->fits()) return {Step::change_lane, lane, {}};
    if (!eligibility.affordable) {
      if (budget.may_grow()) return {Step::wait_money, lane, when};
      if (budget.reserved() == core::Money()) return {Step::halt_budget, lane, {}};
      if (in_flight == 0) return {Step::release, lane, {}};  // until batches have ended
      // Younger requests must not eat the money that it waits for.
      return {Step::wait_money, lane, when};
    }
    if (!eligibility.candidates.empty()) return {Step::send, lane, {}};
    if (request.avoid) return {Step::back_off, lane, {}};
    if (eligibility.when) at(*eligibility.when);
    claim(eligibility);
  }
  return {Step::wait, nullptr, when};
}

void Scheduler::Impl::send_ready(core::Time now) {
  for (LaneStep next = next_step(now); next.step != Step::wait; next = next_step(now)) {
    Request& request = *next.lane->head().request;
    switch (next.step) {
      case Step::wait:
        return;
      case Step::wait_money:
        note_throttle(request);
        return;
      case Step::halt_budget:
        halt(HaltCause::budget, explain_budget(request.demand, endpoints, budget));
        return;
      case Step::nowhere:
        waiting.pop(*next.lane);
        nowhere(request);
        break;
      case Step::release:
        waiting.pop(*next.lane);
        actions.emplace_back(ReleaseRequest{request.demand.id, {}});
        requests.erase(request.demand.id);
        break;
      case Step::change_lane:
        waiting.move_head(*next.lane, eligibility.fits);
        break;
      case Step::back_off:  // it must not hold up those that wait for nothing
        waiting.pop(*next.lane);
        request.avoid.reset();
        enqueue(std::max(now, request.avoid_until), request);
        break;
      case Step::send:
        waiting.pop(*next.lane);
        send(now, request, router.choose(eligibility.candidates, endpoints));
        break;
    }
  }
}

void Scheduler::Impl::note_throttle(const Request& request) {
  if (throttle || draining || budget.may_grow()) return;
  Throttle seen;
  seen.in_flight = in_flight;
  bool capped = true;
  bool free = false;
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    const Endpoint& endpoint = endpoints[e];
    if (!eligibility.fits[e] || endpoint.stopped) continue;
    capped = capped && endpoint.config.capped;
    free = free || endpoint.slots_free() > 0;
    seen.could_be += endpoint.concurrency.limit();
    const core::Money worst = endpoint.estimate.worst_cost(request.demand, endpoint.config.price);
    if (seen.output_tokens > 0 && worst >= seen.worst_cost) continue;
    seen.worst_cost = worst;
    seen.output_tokens = endpoint.estimate.worst_usage(request.demand).output;
  }
  if (free && !capped) throttle = seen;
}

void Scheduler::Impl::claim(const Eligibility& blocked) {
  if (lanes.size() < 2) return;
  claimed.resize(endpoints.size());
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    const bool wanted = blocked.unwanted.empty() || !blocked.unwanted[e];
    if (blocked.fits[e] && wanted) claimed[e] = true;
  }
}

void Scheduler::Impl::send(core::Time now, Request& request, const Candidate& to) {
  Endpoint& endpoint = endpoints[to.endpoint];
  ++endpoint.in_flight;
  ++in_flight;
  budget.reserve(to.worst_cost);
  if (purchase) purchase->sent(now, to.endpoint);
  const Flight flight{
      .attempt = next_attempt++,
      .endpoint = to.endpoint,
      .sent_at = now,
      .worst_cost = to.worst_cost,
      .reserved = endpoint.quota.reserve(now, to.expected),
      .expected = to.expected,
      .ordinal = endpoint.rate.sent(now, endpoint.cooling.until(), endpoint.slots_free() <= 0),
      .epoch = endpoint.concurrency.sent(now, endpoint.slots_taken()),
      .probe = endpoint.breaker.sent(now)};
  endpoint.shares.reserve(now, to.expected);
  actions.emplace_back(Send{request.demand.id, flight.attempt, to.endpoint, to.worst_cost,
                            endpoint.estimate.worst_usage(request.demand)});
  if (request.avoid == to.endpoint) request.avoid.reset();  // else it binds a hedge too
  const bool first = !request.flights[0];
  request.flights[first ? 0 : 1] = flight;
  if (first && config.hedge && endpoint.latency.tail())
    hedging[to.endpoint].sent({now, request.demand.id, flight.attempt});
}

std::optional<core::Time> Scheduler::Impl::next_hedge(std::size_t e) {
  const auto& tail = endpoints[e].latency.tail();
  Hedging& queue = hedging[e];
  while (!queue.empty()) {
    const auto entry = requests.find(queue.oldest().request);
    const bool open = entry != requests.end() && !entry->second.ended &&
                      entry->second.in_flight() == 1 &&
                      entry->second.find(queue.oldest().attempt) != nullptr;
    if (open) break;
    queue.drop_oldest();
  }
  if (queue.empty() || !tail) return std::nullopt;
  return queue.oldest().at + *tail;
}

void Scheduler::Impl::hedge(core::Time now) {
  for (std::size_t e = 0; e < hedging.size(); ++e) {
    for (auto due = next_hedge(e); due && *due <= now; due = next_hedge(e)) {
      Request& request = requests.at(hedging[e].oldest().request);
      hedging[e].drop_oldest();
      if (!hedging[e].allowed()) continue;
      alternate.assign(endpoints.size(), false);
      alternate[e] = endpoints.size() > 1;
      eligibility.make(request, now, endpoints, budget, alternate, config.deadline, nullptr);
      if (eligibility.candidates.empty()) continue;
      const Candidate to = router.choose(eligibility.candidates, endpoints);
      hedging[e].hedged();
      ++endpoints[to.endpoint].hedged;
      send(now, request, to);
    }
  }
}

void Scheduler::Impl::release_all() {
  for (waiting.in_turn(lanes); !lanes.empty(); waiting.in_turn(lanes)) {
    const Waiter waiter = waiting.pop(*lanes.front());
    const RequestId id = waiter.request->demand.id;
    actions.emplace_back(ReleaseRequest{id, {}});
    requests.erase(id);
  }
  for (Endpoint& endpoint : endpoints) {
    for (const RequestId id : std::exchange(endpoint.suspects, {})) {
      actions.emplace_back(ReleaseRequest{id, {}});
      requests.erase(id);
      --suspected;
    }
  }
}

Scheduler::Scheduler(Config config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;

void Scheduler::submitted(core::Time now, const Demand& demand) {
  if (impl_->purchase) impl_->purchase->submitted(demand);
  if (impl_->park(now, demand)) return;
  if (impl_->only_batches()) return impl_->leave(demand);
  const auto [entry, added] = impl_->requests.try_emplace(demand.id);
  assert(added && "a request id is unique in a run");
  if (!added) return;
  entry->second.demand = demand;
  impl_->enqueue(now, entry->second);
}

void Scheduler::outlook(const Outlook& outlook) {
  if (impl_->purchase) impl_->purchase->outlook(outlook);
}

Taken Scheduler::answered(core::Time now, RequestId id, AttemptId attempt,
                          const provider::Outcome& outcome) {
  const auto entry = impl_->requests.find(id);
  std::optional<Flight>* flight =
      entry == impl_->requests.end() ? nullptr : entry->second.find(attempt);
  if (flight == nullptr) return Taken::unknown;
  const Flight completed = *std::exchange(*flight, std::nullopt);
  return impl_->answered(now, entry->second, completed, outcome) ? Taken::wanted : Taken::unwanted;
}

void Scheduler::poll(core::Time now, std::vector<Action>& actions) {
  Impl& s = *impl_;
  if (s.config.deadline && now >= *s.config.deadline)
    s.halt(HaltCause::deadline, explain_deadline(s.requests.size(), s.in_flight, s.parked()));
  if (s.draining) {
    s.release_all();
  } else if (!s.paused) {
    for (Endpoint& endpoint : s.endpoints) endpoint.rate.tick(now);
    if (s.buying() != nullptr) s.purchase->decide(now, s.endpoints, s.waiting.size());
    s.send_ready(now);
    if (!s.draining) s.hedge(now);
    if (!s.draining) s.decide_suspects(now);
    if (s.draining) s.release_all();
  }
  actions.insert(actions.end(), std::make_move_iterator(s.actions.begin()),
                 std::make_move_iterator(s.actions.end()));
  s.actions.clear();
}

std::optional<core::Time> Scheduler::wake_at(core::Time now) const {
  Impl& s = *impl_;
  if (!s.actions.empty()) return now;
  if (s.draining) return s.waiting.size() + s.suspected > 0 ? std::optional(now) : std::nullopt;

  std::optional<core::Time> earliest;
  const auto at = [&](core::Time t) {
    earliest = std::max(now, std::min(earliest.value_or(t), t));
  };
  if (s.config.deadline) at(*s.config.deadline);
  if (s.paused) return earliest;
  if (const auto due = s.suspects_due()) at(*due);
  if (s.buying() != nullptr && s.waiting.size() > 0) {
    if (const auto due = s.purchase->due()) at(*due);
  }
  for (std::size_t e = 0; e < s.hedging.size(); ++e) {
    if (const auto due = s.next_hedge(e)) at(*due);
  }
  const LaneStep next = s.next_step(now);
  if (!next.waits()) {
    at(now);
  } else if (next.when) {
    at(*next.when);
  }
  return earliest;
}

void Scheduler::retain_slot(EndpointId endpoint) {
  ++impl_->endpoints[endpoint].held;
}

void Scheduler::release_slot(EndpointId endpoint, int slots) {
  Endpoint& of = impl_->endpoints[endpoint];
  assert(of.held >= slots && "let go of a slot that is not held");
  of.held -= slots;
}

void Scheduler::drain() {
  impl_->draining = true;
}

void Scheduler::granted(core::Time now, EndpointId endpoint, const Share& share) {
  impl_->endpoints[endpoint].shares.grant(now, share);
}

Demanded Scheduler::demanded(EndpointId endpoint) {
  Impl& s = *impl_;
  const Endpoint& of = s.endpoints[endpoint];
  Demanded demanded{.used = of.shares.used(),
                    .permits_used = of.shares.permits_used(),
                    .in_flight = of.slots_taken()};
  if (s.draining || s.paused || of.stopped) return demanded;
  s.waiting.in_turn(s.lanes);
  demanded.waiting = s.waiting.size() > 0;
  if (!s.lanes.empty())
    demanded.next = of.estimate.expected(s.lanes.front()->head().request->demand);
  return demanded;
}

void Scheduler::pause(bool paused) {
  impl_->paused = paused;
}

void Scheduler::set_budget(core::Money budget, BudgetPart part) {
  impl_->budget.set_part(budget, std::move(part));
}

Purse Scheduler::purse() {
  Impl& s = *impl_;
  Purse purse{.spent = s.budget.spent(),
              .reserved = s.budget.reserved(),
              .in_flight = s.budget.reserved() - s.parked_cost,
              .next = {}};
  if (s.draining || s.paused) return purse;
  s.waiting.in_turn(s.lanes);
  for (const Lane* lane : s.lanes)
    if (const auto worst = least_worst(lane->head().request->demand, s.endpoints))
      purse.next = std::max(purse.next, *worst);
  return purse;
}

Snapshot Scheduler::snapshot(core::Time now) const {
  const Impl& s = *impl_;
  Snapshot snapshot{
      .waiting = s.waiting.size() + s.suspected,
      .in_flight = s.in_flight,
      .reserved = s.budget.reserved(),
      .parked_cost = s.parked_cost,
      .online_per_second = s.purchase ? s.purchase->delivers(now, s.endpoints) : 0,
      .paused = s.paused && !s.draining,
      .beyond_deadline = s.beyond_deadline(now),
      .spent = s.budget.spent(),
      .buying = s.buying() != nullptr ? std::optional(s.purchase->state()) : std::nullopt,
      .throttle = s.throttle,
      .endpoints = {}};
  snapshot.endpoints.reserve(s.endpoints.size());
  for (const Endpoint& endpoint : s.endpoints) {
    const bool cooling = endpoint.cooling.active(now);
    const auto per_second = endpoint.rate.per_second();
    const Problem* problem = endpoint.health.problem(now);
    const Problem* failures = endpoint.health.failures();
    const auto used = endpoint.quota.used(now);
    snapshot.endpoints.push_back(
        {.in_flight = endpoint.in_flight,
         .cap = endpoint.concurrency.limit(),
         .quota_used = used ? std::optional(used->share) : std::nullopt,
         .most_used = used ? std::optional(used->quota) : std::nullopt,
         .median = endpoint.latency.median(),
         .tail = endpoint.latency.tail(),
         .mean = endpoint.latency.mean(),
         .learned_per_minute = per_second ? std::optional(60 * *per_second) : std::nullopt,
         .rate_limited = endpoint.rate_limited,
         .odd_limits = endpoint.odd_limits,
         .failed = endpoint.failed,
         .hedged = endpoint.hedged,
         .breaker = endpoint.breaker.state(now),
         .stopped = endpoint.config.batch ? endpoint.parking_stopped : endpoint.stopped,
         .batch = endpoint.config.batch,
         .parked = endpoint.parked,
         .stop_reason = endpoint.stop_reason,
         .problem = problem ? std::optional(*problem) : std::nullopt,
         .failure = failures ? std::string(failures->text()) : std::string(),
         .cooling_until = cooling ? std::optional(endpoint.cooling.until()) : std::nullopt});
  }
  return snapshot;
}

std::string_view Scheduler::problem(core::Time now, EndpointId endpoint) const {
  const Problem* problem = impl_->endpoints[endpoint].health.problem(now);
  return problem == nullptr ? std::string_view() : problem->text();
}

std::optional<DayUsed> Scheduler::day_used(core::Time now, EndpointId endpoint) const {
  return impl_->endpoints[endpoint].quota.day_used(now);
}

}  // namespace sluice::schedule
