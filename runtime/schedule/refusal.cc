// A refusal is the request's fault or the endpoint's: a firewall's 403 to one text, a model that
// does not exist. One refusal does not tell them apart; the next ones do. So a refused request goes
// to another endpoint where there is one, and else is held as a suspect until
//   - the endpoint answers another request: the refusal was the request's, it is rejected (or
//     split);
//   - the endpoint has refused kRefusedFirst requests alike before it answered any, or
//     kRefusedLater in a row after: the refusals are the endpoint's, it is stopped, and the
//     suspects stay pending;
//   - nothing but suspects has been left for kUndecided: an endpoint that has answered requests of
//     this job, in this run or an earlier one, is believed, another is stopped.
#include <algorithm>
#include <utility>

#include "schedule/explain.h"
#include "schedule/scheduler_impl.h"

namespace sluice::schedule {
namespace {

using provider::Cause;
using provider::Outcome;

constexpr int kRefusedFirst = 20;
constexpr int kRefusedLater = 100;
constexpr std::chrono::seconds kUndecided{2};

// The server has read the request and says what is wrong in it; the words tell whether it says the
// same of others.
bool says_what_is_wrong(const Outcome& outcome) {
  return outcome.status == 400 || outcome.status == 422;
}

}  // namespace

void Scheduler::Impl::note_refusal(Request& request, const Flight& flight, const Outcome& outcome) {
  remember(request, flight, outcome);
  if (!request.refusal) {
    request.refusal = std::make_unique<Refusal>();
    request.refusal->by.resize(endpoints.size());
  }
  Refusal& refusal = *request.refusal;
  refusal.by[flight.endpoint] = true;
  refusal.last = flight.endpoint;
  refusal.cause = outcome.cause;
  refusal.message = outcome.message;
  refusal.certain = outcome.action == provider::Action::split;
}

void Scheduler::Impl::refused(core::Time now, Request& request, const Flight& flight,
                              const Outcome& outcome) {
  Endpoint& endpoint = endpoints[flight.endpoint];
  note_refusal(request, flight, outcome);
  last_refused = now;
  const bool its_own = says_what_is_wrong(outcome) && endpoint.answers > 0;
  if (its_own) {
    request.refusal->certain = true;
  } else {
    const bool alike = endpoint.refusal_status == outcome.status &&
                       (!says_what_is_wrong(outcome) || endpoint.refusal == outcome.message);
    endpoint.refusals = alike ? endpoint.refusals + 1 : 1;
    endpoint.refusal_status = outcome.status;
    endpoint.refusal = outcome.message;
    if (endpoint.refusals >= (endpoint.answers > 0 ? kRefusedLater : kRefusedFirst))
      stop(endpoint, explain_refused(endpoint, endpoint.refusals));
  }
  if (request.in_flight() == 0) enqueue(now, request);
}

void Scheduler::Impl::too_big(core::Time now, Request& request, const Flight& flight,
                              const Outcome& outcome) {
  if (request.demand.rows > 1) return split(request, outcome.cause, outcome.message);
  note_refusal(request, flight, outcome);
  Refusal& refusal = *request.refusal;
  ++refusal.times_too_large;
  if (request.in_flight() > 0) return;
  core::Time ready = now;
  eligibility.measure(request, endpoints);
  if (!eligibility.anywhere && refusal.times_too_large < 2) {
    // A proxy in between may have said it before it had read the request.
    refusal.by[flight.endpoint] = false;
    ready = now + back_off(config.retry, 1, outcome.hints.retry_after, jitter);
  }
  enqueue(ready, request);
}

void Scheduler::Impl::nowhere(Request& request) {
  bool fits_some = false;
  bool fits_stopped = false;  // and has not been refused there
  bool live = false;
  std::optional<EndpointId> refuser;  // which is not stopped
  for (EndpointId e = 0; e < endpoints.size(); ++e) {
    const Endpoint& endpoint = endpoints[e];
    live = live || !endpoint.stopped;
    if (never_fits(request.demand, endpoint)) continue;
    fits_some = true;
    if (!request.refused_by(e)) {
      fits_stopped = true;
    } else if (!endpoint.stopped && (!refuser || e == request.refusal->last)) {
      refuser = e;
    }
  }
  if (!fits_some)
    return split(request, Cause::too_large, explain_too_large(request.demand, endpoints));
  if (refuser && !fits_stopped) {
    if (request.refusal->certain) return verdict(request);
    return hold_suspect(request, *refuser);
  }
  if (request.demand.rows > 1 && live && !refuser)  // its halves may fit what is left
    return split(request, Cause::too_large, explain_too_large(request.demand, endpoints));
  actions.emplace_back(ReleaseRequest{request.demand.id, explain_left(request.demand, endpoints)});
  requests.erase(request.demand.id);
}

void Scheduler::Impl::hold_suspect(Request& request, EndpointId endpoint) {
  endpoints[endpoint].suspects.push_back(request.demand.id);
  ++suspected;
}

void Scheduler::Impl::verdict(Request& request) {
  const Refusal& refusal = *request.refusal;
  split(request, refusal.cause, refusal.message);
}

void Scheduler::Impl::confirm_suspects(Endpoint& endpoint) {
  for (const RequestId id : std::exchange(endpoint.suspects, {})) {
    --suspected;
    verdict(requests.at(id));
  }
}

void Scheduler::Impl::clear_suspects(Endpoint& endpoint) {
  for (const RequestId id : std::exchange(endpoint.suspects, {})) {
    --suspected;
    nowhere(requests.at(id));
  }
}

std::optional<core::Time> Scheduler::Impl::suspects_due() const {
  const bool undecided = suspected > 0 && in_flight == 0 && waiting.size() == 0;
  return undecided ? std::optional(last_refused + kUndecided) : std::nullopt;
}

void Scheduler::Impl::decide_suspects(core::Time now) {
  const auto due = suspects_due();
  if (!due || *due > now) return;
  // Those of an endpoint that is stopped may pass to another, which had refused them before.
  while (suspected > 0 && !draining) {
    Endpoint& endpoint =
        *std::ranges::find_if(endpoints, [](const Endpoint& e) { return !e.suspects.empty(); });
    if (endpoint.proven()) {
      confirm_suspects(endpoint);
    } else {
      stop(endpoint, explain_refused(endpoint, endpoint.refusals));
    }
  }
}

}  // namespace sluice::schedule
