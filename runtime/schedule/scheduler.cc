// The life of a request, and the function that makes each transition. "Waiting" is a place in a
// Lane; "in flight" is Request::flight. The rest are ends: the request is forgotten, and the Action
// is in `actions_` until the next poll().
//
//        submitted()
//            │ enqueue() ──── fits no endpoint's quota ───────────► REJECTED too_large
//            ▼
//   ┌──► WAITING ─────── halted or draining: release_all() ───────► RELEASED
//   │        │           fits none any more: send_ready() ────────► REJECTED too_large
//   │        │ send()
//   │        │    reserves slot, quota and worst-case money
//   │        ▼
//   │    IN FLIGHT
//   │        │ answered()
//   │        │    land() frees the slot, settles quota and money, learns
//   │        ├─ none ─────────────────────────────────────────────► ANSWERED
//   │        ├─ dead: reject() ───────────────────────────────────► REJECTED outcome.reason
//   │        ├─ split: split() ── of several rows ────────────────► SPLIT
//   │        │                    of one ─────────────────────────► REJECTED outcome.reason
//   │        ├─ retry, move: try_again(); "rate_limit": rate_limited()
//   │        │        no attempts or patience left ───────────────► REJECTED retries_exhausted
//   │◄───────┤        else enqueue(), ready after its back-off, or at once
//   │◄───────┴─ stop, job: enqueue(), ready at once; after a halt release_all() takes it
//
// An endpoint:  OPEN ──"rate_limit" or move: CoolDown::begin()──► COOLING ──time──► OPEN
//               OPEN or COOLING ──stop: stop()──► STOPPED, for this run
// The run:      RUNNING ──halt() or drain()──► DRAINING. There is no way back.
#include "schedule/scheduler.h"

#include <cassert>
#include <unordered_map>
#include <utility>

#include "schedule/budget.h"
#include "schedule/endpoint.h"
#include "schedule/explain.h"
#include "schedule/request.h"
#include "schedule/retry.h"
#include "schedule/route.h"
#include "schedule/waiting.h"

namespace sluice::schedule {

using provider::Outcome;

struct Scheduler::Impl {
  explicit Impl(Config given)
      : config(std::move(given)),
        endpoints(config.endpoints.begin(), config.endpoints.end()),
        budget(config.budget, config.spent),
        router(config.route, endpoints.size()),
        jitter(config.seed),
        waiting(endpoints.size()),
        next_attempt(config.first_attempt) {}

  void enqueue(core::Time ready, Request& request);
  void send_ready(core::Time now);
  void send(core::Time now, Request& request, const Candidate& to);
  Flight land(core::Time now, Request& request, const Outcome& outcome);
  void try_again(core::Time now, Request& request, const Flight& flight, const Outcome& outcome);
  void rate_limited(core::Time now, Request& request, const Flight& flight, const Outcome& outcome);
  void stop(Endpoint& endpoint, const Outcome& outcome);
  // Adds the failure to the request's history. True when the endpoint has answered nobody since the
  // request's last failure of this kind.
  bool remember(Request& request, const Flight& flight, const Outcome& outcome);

  void forget(const Request& request) { requests.erase(request.demand.id); }
  void reject(const Request& request, std::string reason, std::string detail);
  void split(const Request& request, const Outcome& outcome);
  void release_all();
  void halt(HaltCause cause, std::string message);

  // Adds to `claimed` where a request that cannot go now would go: younger ones of other lanes must
  // not take from there what it waits for.
  void claim(const Survey& blocked);

  Config config;
  std::vector<Endpoint> endpoints;
  Budget budget;
  Router router;
  Jitter jitter;
  std::unordered_map<RequestId, Request> requests;  // waiting and in flight; stable addresses
  Waiting waiting;
  AttemptId next_attempt;
  std::size_t in_flight = 0;
  bool draining = false;
  std::vector<Action> actions;  // for the next poll()

  // Made anew at each use; here so that their memory is kept.
  Survey survey;
  EndpointSet claimed;
  std::vector<Lane*> lanes;
};

void Scheduler::Impl::enqueue(core::Time ready, Request& request) {
  survey.measure(request.demand, endpoints);
  if (!survey.anywhere && !draining) {
    reject(request, "too_large", explain_too_large(request.demand, endpoints));
    return;
  }
  waiting.push(survey.fits, ready, request);
}

void Scheduler::Impl::send_ready(core::Time now) {
  claimed.clear();
  waiting.in_turn(lanes);
  for (std::size_t i = 0; i < lanes.size();) {
    Lane& lane = *lanes[i];
    if (lane.head().ready > now) return;
    Request& request = *lane.head().request;
    survey.make(request.demand, now, endpoints, budget, claimed);
    if (!survey.anywhere) {
      waiting.pop(lane);
      reject(request, "too_large", explain_too_large(request.demand, endpoints));
    } else if (survey.fits != lane.fits()) {  // estimates have moved since it came
      waiting.move_head(lane, survey.fits);
    } else if (!survey.affordable) {
      // Whoever comes after it must not eat the money that it waits for.
      if (budget.reserved() == core::Money())
        halt(HaltCause::budget, explain_budget(request.demand, endpoints, budget));
      return;
    } else if (survey.candidates.empty()) {
      claim(survey);
      ++i;
      continue;
    } else {
      waiting.pop(lane);
      send(now, request, router.choose(survey.candidates, endpoints));
    }
    claimed.clear();
    waiting.in_turn(lanes);
    i = 0;
  }
}

void Scheduler::Impl::claim(const Survey& blocked) {
  if (lanes.size() < 2) return;
  claimed.resize(endpoints.size());
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    if (blocked.fits[e]) claimed[e] = true;
  }
}

void Scheduler::Impl::send(core::Time now, Request& request, const Candidate& to) {
  Endpoint& endpoint = endpoints[to.endpoint];
  ++endpoint.in_flight;
  ++in_flight;
  budget.reserve(to.worst_cost);
  request.flight = Flight{.attempt = next_attempt++,
                          .endpoint = to.endpoint,
                          .sent_at = now,
                          .worst_cost = to.worst_cost,
                          .reserved = endpoint.quota.reserve(now, to.expected)};
  actions.emplace_back(
      Send{request.demand.id, request.flight->attempt, to.endpoint, to.worst_cost});
}

Flight Scheduler::Impl::land(core::Time now, Request& request, const Outcome& outcome) {
  const Flight flight = *request.flight;
  request.flight.reset();
  Endpoint& endpoint = endpoints[flight.endpoint];
  --endpoint.in_flight;
  --in_flight;

  core::Money cost;
  if (outcome.charged) {
    cost = *outcome.charged;
  } else if (outcome.usage != provider::Usage{}) {
    cost = provider::cost_of(outcome.usage, endpoint.config.price);
  } else if (outcome.billing == provider::Billing::possible) {
    cost = flight.worst_cost;  // it may have run to its end: a hard budget counts that
  }
  budget.settle(flight.worst_cost, cost);
  endpoint.quota.settle(now, flight.reserved, outcome);
  endpoint.quota.correct(now, flight.reserved, outcome.hints);
  endpoint.estimate.learn(request.demand, outcome.usage);
  return flight;
}

void Scheduler::Impl::try_again(core::Time now, Request& request, const Flight& flight,
                                const Outcome& outcome) {
  const auto& hint = outcome.hints.retry_after;
  core::Time ready = now;
  ++request.failures;
  remember(request, flight, outcome);
  if (outcome.action == provider::Action::move) {
    endpoints[flight.endpoint].cooling.begin(now, flight.sent_at, hint, config.retry, jitter);
  } else {
    ready = now + back_off(config.retry, request.failures, hint, jitter);
  }
  if (request.failures >= config.retry.attempts) {
    reject(request, "retries_exhausted", explain_exhausted(request, endpoints));
  } else {
    enqueue(ready, request);
  }
}

void Scheduler::Impl::rate_limited(core::Time now, Request& request, const Flight& flight,
                                   const Outcome& outcome) {
  Endpoint& endpoint = endpoints[flight.endpoint];
  ++endpoint.rate_limited;
  endpoint.cooling.begin(now, flight.sent_at, outcome.hints.retry_after, config.retry, jitter);
  if (remember(request, flight, outcome)) ++request.rate_limited;
  if (request.rate_limited >= kRateLimitPatience) {
    reject(request, "retries_exhausted", explain_exhausted(request, endpoints));
  } else {
    enqueue(now, request);
  }
}

void Scheduler::Impl::stop(Endpoint& endpoint, const Outcome& outcome) {
  if (endpoint.stopped) return;
  endpoint.stopped = true;
  endpoint.stop_reason = outcome.message.empty() ? outcome.reason : outcome.message;
  for (const Endpoint& other : endpoints) {
    if (!other.stopped) return;
  }
  halt(HaltCause::endpoints, explain_stopped(endpoints));
}

bool Scheduler::Impl::remember(Request& request, const Flight& flight, const Outcome& outcome) {
  Failure* kind = nullptr;
  for (Failure& failure : request.history) {
    if (failure.endpoint == flight.endpoint && failure.status == outcome.status &&
        failure.reason == outcome.reason)
      kind = &failure;
  }
  if (kind == nullptr) kind = &request.history.emplace_back();
  const std::uint64_t answers = endpoints[flight.endpoint].answers;
  const bool idle = kind->answers == answers;
  *kind = {.endpoint = flight.endpoint,
           .last_attempt = flight.attempt,
           .times = kind->times + 1,
           .status = outcome.status,
           .answers = answers,
           .reason = outcome.reason,
           .message = outcome.message};
  return idle;
}

void Scheduler::Impl::reject(const Request& request, std::string reason, std::string detail) {
  actions.emplace_back(RejectRequest{request.demand.id,
                                     {.stage = core::Stage::dispatch,
                                      .reason = std::move(reason),
                                      .detail = std::move(detail),
                                      .history = explain_history(request, endpoints)}});
  forget(request);
}

void Scheduler::Impl::split(const Request& request, const Outcome& outcome) {
  if (request.demand.rows < 2) {
    reject(request, outcome.reason, outcome.message);
    return;
  }
  actions.emplace_back(SplitRequest{request.demand.id, outcome.reason});
  forget(request);
}

void Scheduler::Impl::release_all() {
  for (waiting.in_turn(lanes); !lanes.empty(); waiting.in_turn(lanes)) {
    const Waiter waiter = waiting.pop(*lanes.front());
    actions.emplace_back(ReleaseRequest{waiter.request->demand.id});
    forget(*waiter.request);
  }
}

void Scheduler::Impl::halt(HaltCause cause, std::string message) {
  if (draining) return;
  draining = true;
  actions.emplace_back(Halt{cause, std::move(message)});
}

Scheduler::Scheduler(Config config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;

void Scheduler::submitted(core::Time now, const Demand& demand) {
  const auto [entry, added] = impl_->requests.try_emplace(demand.id);
  assert(added && "a request id is unique in a run");
  if (!added) return;
  entry->second.demand = demand;
  impl_->enqueue(now, entry->second);
}

bool Scheduler::answered(core::Time now, RequestId id, AttemptId, const Outcome& outcome) {
  const auto entry = impl_->requests.find(id);
  assert(entry != impl_->requests.end() && entry->second.flight && "an answer to nothing sent");
  if (entry == impl_->requests.end() || !entry->second.flight) return false;

  Request& request = entry->second;
  const Flight flight = impl_->land(now, request, outcome);
  Endpoint& endpoint = impl_->endpoints[flight.endpoint];
  using provider::Action;
  switch (outcome.action) {
    case Action::none:
      ++endpoint.answers;
      endpoint.cooling.answered(flight.sent_at);
      impl_->forget(request);
      break;
    case Action::dead:
      impl_->reject(request, outcome.reason, outcome.message);
      break;
    case Action::split:
      impl_->split(request, outcome);
      break;
    case Action::retry:
    case Action::move:
      if (outcome.reason == "rate_limit") {
        impl_->rate_limited(now, request, flight, outcome);
      } else {
        impl_->try_again(now, request, flight, outcome);
      }
      break;
    case Action::stop:
      impl_->remember(request, flight, outcome);
      impl_->stop(endpoint, outcome);
      impl_->enqueue(now, request);
      break;
    case Action::job:
      impl_->halt(HaltCause::job, outcome.message.empty() ? outcome.reason : outcome.message);
      impl_->enqueue(now, request);
      break;
  }
  return true;
}

void Scheduler::poll(core::Time now, std::vector<Action>& actions) {
  Impl& s = *impl_;
  if (s.config.deadline && now >= *s.config.deadline)
    s.halt(HaltCause::deadline, explain_deadline(s.requests.size(), s.in_flight));
  if (!s.draining) s.send_ready(now);
  if (s.draining) s.release_all();
  actions.insert(actions.end(), std::make_move_iterator(s.actions.begin()),
                 std::make_move_iterator(s.actions.end()));
  s.actions.clear();
}

std::optional<core::Time> Scheduler::wake_at(core::Time now) const {
  Impl& s = *impl_;
  if (!s.actions.empty()) return now;
  if (s.draining) return s.waiting.size() > 0 ? std::optional(now) : std::nullopt;

  std::optional<core::Time> earliest;
  const auto at = [&](core::Time t) {
    earliest = std::max(now, std::min(earliest.value_or(t), t));
  };
  if (s.config.deadline) at(*s.config.deadline);
  s.claimed.clear();
  s.waiting.in_turn(s.lanes);
  for (Lane* lane : s.lanes) {
    const Waiter& head = lane->head();
    if (head.ready > now) {
      at(head.ready);
      break;
    }
    s.survey.make(head.request->demand, now, s.endpoints, s.budget, s.claimed);
    const bool stays =
        s.survey.anywhere && s.survey.fits == lane->fits() && s.survey.candidates.empty();
    const bool broke = !s.survey.affordable && s.budget.reserved() == core::Money();
    if (!stays || broke) {
      at(now);
      break;
    }
    if (!s.survey.affordable) break;  // until an answer frees money
    if (s.survey.when) at(*s.survey.when);
    s.claim(s.survey);
  }
  return earliest;
}

void Scheduler::drain() {
  impl_->draining = true;
}

Snapshot Scheduler::snapshot(core::Time now) const {
  const Impl& s = *impl_;
  Snapshot snapshot{.waiting = s.waiting.size(),
                    .in_flight = s.in_flight,
                    .reserved = s.budget.reserved(),
                    .spent = s.budget.spent(),
                    .endpoints = {}};
  snapshot.endpoints.reserve(s.endpoints.size());
  for (const Endpoint& endpoint : s.endpoints) {
    const bool cooling = endpoint.cooling.active(now);
    snapshot.endpoints.push_back(
        {.in_flight = endpoint.in_flight,
         .lid = endpoint.lid,
         .quota_used = endpoint.quota.used(now),
         .rate_limited = endpoint.rate_limited,
         .stopped = endpoint.stopped,
         .stop_reason = endpoint.stop_reason,
         .cooling_until = cooling ? std::optional(endpoint.cooling.until()) : std::nullopt});
  }
  return snapshot;
}

}  // namespace sluice::schedule
