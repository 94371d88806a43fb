// What comes back: how the outcome of an attempt changes the request, its endpoint and the run.
#include <algorithm>
#include <utility>

#include "provider/attempt_cost.h"
#include "schedule/explain.h"
#include "schedule/scheduler_impl.h"

namespace sluice::schedule {
namespace {

using provider::Billing;
using provider::Cause;
using provider::Contact;
using provider::Outcome;
using Verdict = provider::Action;

// Times that a request may get replies which are not answers. Where so many requests get them, with
// no answer between, they are the endpoint's: a login page, not a spoilt row.
constexpr int kUnusableReplies = 3;
constexpr int kMany = 5;
// A limiter lets something pass in this time, whatever its rate; a server that is down does not.
constexpr core::Duration kNothingPasses = std::chrono::seconds(2);

bool slows_down(const Outcome& outcome) {
  return outcome.cause == Cause::slow_down;
}
// The server's word about the endpoint's rate, not about the request.
bool for_the_rate(const Outcome& outcome) {
  return outcome.cause == Cause::rate_limit || slows_down(outcome);
}
bool tries_again(const Outcome& outcome) {
  return outcome.action == Verdict::retry || outcome.action == Verdict::move;
}
// It did not get there at all, or to somebody else: the endpoint's state, which the request must
// not pay for while nobody gets an answer.
bool of_the_endpoint(const Outcome& outcome) {
  return outcome.billing == Billing::none &&
         (outcome.status == 0 || outcome.contact == Contact::unusable);
}
std::optional<std::string> health_after(core::Time now, Endpoint& endpoint,
                                        const Outcome& outcome) {
  if (outcome.action == Verdict::stop) endpoint.health.stopped(now, outcome);
  const bool failed = tries_again(outcome) || outcome.action == Verdict::refused;
  if (!failed || outcome.cause == Cause::cancelled) return std::nullopt;
  return endpoint.health.failed(now, outcome);
}
// Turned away unread, for the rate or for want of capacity: limiters and full servers say 429, 503
// (nginx) or 529.
bool is_refusal(const Outcome& outcome) {
  if (!tries_again(outcome)) return false;
  if (for_the_rate(outcome) || outcome.cause == Cause::overloaded ||
      outcome.cause == Cause::capacity)
    return true;
  return outcome.status == 503 && outcome.billing == Billing::none;
}
// breaker.h says what a failure is.
bool is_failure(const Outcome& outcome) {
  if (!tries_again(outcome) || is_refusal(outcome) || outcome.cause == Cause::cancelled)
    return false;
  return outcome.status < 400 || outcome.status >= 500 || outcome.status == 408;
}

}  // namespace

bool Scheduler::Impl::answered(core::Time now, Request& request, Flight flight,
                               const Outcome& outcome) {
  complete(now, request, flight, outcome);
  learn(now, request, flight, outcome);
  Endpoint& endpoint = endpoints[flight.endpoint];
  if (outcome.action == Verdict::none) {
    ++endpoint.answers;
    endpoint.refusals = endpoint.unusable_requests = 0;
    endpoint.health.answered();
    if (!endpoint.suspects.empty()) confirm_suspects(endpoint);
  } else if (const auto why = health_after(now, endpoint, outcome)) {
    // A tier that has no capacity yet may have some later; where it is alone, the user must know.
    const bool waits =
        outcome.cause == Cause::capacity && has_alternate(now, request, flight.endpoint);
    if (!waits) stop(endpoint, *why);
  }
  if (request.ended) {
    if (outcome.action == Verdict::stop) stop(endpoint, std::string(outcome.text()));
    if (request.in_flight() == 0) requests.erase(request.demand.id);
    return false;
  }
  const bool other = request.in_flight() > 0;
  switch (outcome.action) {
    case Verdict::none:
      endpoint.cooling.answered(flight.sent_at);
      retries.answered();
      end(request);
      break;
    case Verdict::dead:
      split(request, outcome.cause, outcome.message);
      break;
    case Verdict::refused:
      refused(now, request, flight, outcome);
      break;
    case Verdict::split:
      too_big(now, request, flight, outcome);
      break;
    case Verdict::retry:
    case Verdict::move:
      if (for_the_rate(outcome) || outcome.cause == Cause::capacity ||
          (is_refusal(outcome) && endpoint.rejections.active())) {
        rate_limited(now, request, flight, outcome);
      } else {
        try_again(now, request, flight, outcome);
      }
      break;
    case Verdict::stop:
      remember(request, flight, outcome);
      stop(endpoint, std::string(outcome.text()));
      if (!other) enqueue(now, request);
      break;
    case Verdict::job:
      halt(HaltCause::job, std::string(outcome.text()));
      if (!other) enqueue(now, request);
      break;
  }
  return true;
}

void Scheduler::Impl::complete(core::Time now, const Request& request, const Flight& flight,
                               const Outcome& outcome) {
  Endpoint& endpoint = endpoints[flight.endpoint];
  --endpoint.in_flight;
  endpoint.completed = true;
  --in_flight;
  if (purchase) purchase->completed(flight.endpoint, outcome.action == Verdict::none);

  const provider::WorstCase worst{.usage = {}, .cost = flight.worst_cost};
  budget.settle(flight.worst_cost,
                provider::attempt_cost(outcome, endpoint.config.price, worst).cost);
  endpoint.quota.settle(now, flight.reserved, outcome);
  endpoint.shares.settle(now, flight.expected, outcome);
  endpoint.odd_limits += static_cast<std::uint64_t>(endpoint.quota.correct(
      now, flight.reserved, outcome.hints,
      outcome.action == Verdict::none && outcome.usage.input > 0 ? std::optional(outcome.usage)
                                                                 : std::nullopt));
  endpoint.estimate.learn(request.demand, outcome.usage, outcome.tier);
}

void Scheduler::Impl::learn(core::Time now, const Request& request, const Flight& flight,
                            const Outcome& outcome) {
  Endpoint& endpoint = endpoints[flight.endpoint];
  const bool refused = is_refusal(outcome);
  const bool capacity = outcome.cause == Cause::capacity;
  if (capacity) {
    endpoint.shortage.refused(now, flight.ordinal);
  } else if (refused) {
    endpoint.rejections.refused(flight.ordinal);
    endpoint.rate.refused(now, flight.sent_at, flight.ordinal);
  } else if (outcome.status != 0 || outcome.billing == Billing::possible) {
    endpoint.rate.passed(flight.sent_at, flight.ordinal);
    endpoint.shortage.passed(flight.sent_at);
  }
  const bool together = refused && !capacity && endpoint.rejections.active();
  if (together && slows_down(outcome)) endpoint.rate.slow_down(now, flight.sent_at);
  if (together && (slows_down(outcome) || outcome.cause == Cause::overloaded))
    endpoint.concurrency.overloaded(now, flight.sent_at);

  const bool was_closed = endpoint.breaker.state(now) == BreakerState::closed;
  if (outcome.action == Verdict::none) {
    endpoint.concurrency.answered(now, flight.sent_at, flight.epoch);
    endpoint.latency.add(now - flight.sent_at);
    endpoint.breaker.passed(now, flight.sent_at, flight.probe);
  } else if (refused && is_outage(flight, outcome)) {
    ++endpoint.failed;
    endpoint.breaker.down(now, flight.sent_at, flight.probe, jitter);
  } else if (is_failure(outcome)) {
    ++endpoint.failed;
    endpoint.breaker.failed(now, flight.sent_at, flight.probe,
                            has_alternate(now, request, flight.endpoint), jitter);
  } else {
    endpoint.breaker.no_verdict(flight.probe);
  }
  const bool closed = endpoint.breaker.state(now) == BreakerState::closed;
  if (!was_closed && closed) endpoint.concurrency.restart();

  if (!tries_again(outcome)) return;
  const auto& hint = outcome.hints.retry_after;
  if (refused) {
    ++endpoint.rate_limited;
    endpoint.cooling.answered(endpoint.rate.let_through_at());
    if (together) endpoint.cooling.begin_for_rate(now, flight.sent_at, hint, config.retry, jitter);
  }
  // "Elsewhere, now". Without a hint an open breaker makes it wait anyway. A tier rests only where it
  // takes nothing, then also where there is no other.
  const bool moves = capacity ? endpoint.shortage.active()
                              : !refused || has_alternate(now, request, flight.endpoint);
  if (outcome.action == Verdict::move && moves && (closed || hint))
    endpoint.cooling.begin(now, flight.sent_at, hint, config.retry, jitter);
}

bool Scheduler::Impl::is_outage(const Flight& flight, const Outcome& outcome) const {
  const Endpoint& endpoint = endpoints[flight.endpoint];
  if (for_the_rate(outcome) || outcome.cause == Cause::capacity) return false;
  return endpoint.rejections.active() &&
         flight.sent_at - endpoint.rate.let_through_at() >= kNothingPasses;
}

bool Scheduler::Impl::has_alternate(core::Time now, const Request& request,
                                    EndpointId endpoint) const {
  for (EndpointId e = 0; e < endpoints.size(); ++e) {
    const Endpoint& other = endpoints[e];
    if (e == endpoint || other.stopped || request.refused_by(e)) continue;
    if (other.breaker.state(now) != BreakerState::closed) continue;
    if (!other.quota.too_large(other.estimate.expected(request.demand))) return true;
  }
  return false;
}

bool Scheduler::Impl::alternate_now(core::Time now, const Request& request, EndpointId endpoint) {
  if (endpoints.size() < 2) return false;
  alternate.assign(endpoints.size(), false);
  alternate[endpoint] = true;
  eligibility.make(request, now, endpoints, budget, alternate, config.deadline, buying());
  return !eligibility.candidates.empty();
}

void Scheduler::Impl::try_again(core::Time now, Request& request, const Flight& flight,
                                const Outcome& outcome) {
  const bool idle = remember(request, flight, outcome);
  const bool no_answer = outcome.contact == Contact::unusable && outcome.status != 0;
  Endpoint& endpoint = endpoints[flight.endpoint];
  if (!of_the_endpoint(outcome)) {
    ++request.failures;
  } else if (idle) {
    ++request.unanswered_rejections;
  }
  if (no_answer && ++request.unusable == 1) ++endpoint.unusable_requests;
  if (request.in_flight() > 0) return;
  const bool unusable = request.unusable >= kUnusableReplies && endpoint.unusable_requests < kMany;
  if ((request.failures >= config.retry.attempts ||
       request.unanswered_rejections >= kMaxUnansweredRejections || unusable) &&
      may_be_its_fault(request)) {
    reject(request, "retries_exhausted", explain_exhausted(request, endpoints));
    return;
  }
  const core::Time turn = retries.take(now);
  if (outcome.action == Verdict::retry || is_refusal(outcome)) {
    back_off_here(now, turn, std::max(1, request.failures), request, flight, outcome);
  } else {
    enqueue(turn, request);
  }
}

void Scheduler::Impl::back_off_here(core::Time now, core::Time turn, int failures, Request& request,
                                    const Flight& flight, const Outcome& outcome) {
  RetryPolicy policy = config.retry;
  if (is_refusal(outcome)) policy.base /= 2;  // it was turned away alone: there is room
  const core::Time later = now + back_off(policy, failures, outcome.hints.retry_after, jitter);
  if (alternate_now(now, request, flight.endpoint)) {
    request.avoid = flight.endpoint;
    request.avoid_until = later;
    enqueue(turn, request);
  } else {
    enqueue(std::max(turn, later), request);
  }
}

void Scheduler::Impl::rate_limited(core::Time now, Request& request, const Flight& flight,
                                   const Outcome& outcome) {
  if (remember(request, flight, outcome)) ++request.unanswered_rejections;
  if (request.in_flight() > 0) return;
  if (request.unanswered_rejections >= kMaxUnansweredRejections && may_be_its_fault(request)) {
    reject(request, "retries_exhausted", explain_exhausted(request, endpoints));
  } else if (const Endpoint& from = endpoints[flight.endpoint];
             outcome.cause == Cause::capacity ? from.shortage.active() : from.rejections.active()) {
    enqueue(now, request);  // the endpoint waits, and paces all
  } else {
    back_off_here(now, now, ++request.turned_away, request, flight, outcome);
  }
}

void Scheduler::Impl::stop(Endpoint& endpoint, std::string why) {
  if (endpoint.stopped) return;
  endpoint.stopped = true;
  endpoint.stop_reason = std::move(why);
  if (std::ranges::all_of(endpoints, &Endpoint::stopped)) {
    halt(HaltCause::endpoints, explain_stopped(endpoints));
  } else {
    clear_suspects(endpoint);
  }
}

bool Scheduler::Impl::may_be_its_fault(const Request& request) const {
  return std::ranges::any_of(request.history, [this](const Failure& failure) {
    return endpoints[failure.endpoint].proven();
  });
}

bool Scheduler::Impl::remember(Request& request, const Flight& flight, const Outcome& outcome) {
  Failure* kind = nullptr;
  for (Failure& failure : request.history) {
    if (failure.endpoint == flight.endpoint && failure.status == outcome.status &&
        failure.cause == outcome.cause)
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
           .cause = outcome.cause,
           .message = outcome.message};
  return idle;
}

void Scheduler::Impl::end(Request& request) {
  for (const auto& flight : request.flights) {
    if (flight) actions.emplace_back(Cancel{request.demand.id, flight->attempt, flight->endpoint});
  }
  request.ended = true;
  if (request.in_flight() == 0) requests.erase(request.demand.id);
}

void Scheduler::Impl::reject(Request& request, std::string_view reason, std::string detail) {
  actions.emplace_back(RejectRequest{request.demand.id,
                                     {.stage = core::Stage::dispatch,
                                      .reason = std::string(reason),
                                      .detail = std::move(detail),
                                      .history = explain_history(request, endpoints)}});
  end(request);
}

void Scheduler::Impl::split(Request& request, Cause cause, const std::string& detail) {
  if (request.demand.rows < 2) {
    reject(request, provider::cause_name(cause), detail);
    return;
  }
  actions.emplace_back(SplitRequest{request.demand.id, cause});
  end(request);
}

void Scheduler::Impl::halt(HaltCause cause, std::string message) {
  if (draining) return;
  draining = true;
  actions.emplace_back(Halt{cause, std::move(message)});
}

}  // namespace sluice::schedule
