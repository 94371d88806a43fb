// The state of a Scheduler. Its transitions are in four files: scheduler.cc sends, scheduler_outcome.cc
// takes what comes back, refusal.cc decides on what is refused, scheduler_parking.cc on what goes into
// batches. Private to these.
//
// The life of a request, and the function that makes each transition. "Waiting" is a place in a
// Lane; "in flight" is Request::flights. The rest are ends: the request is forgotten, and the
// Action is in `actions` until the next poll().
//
//        submitted()
//            │ enqueue() ──── nowhere(): fits no endpoint's quota ► REJECTED too_large, or SPLIT
//            │                fits stopped endpoints alone ───────► RELEASED
//            │                refused by all the others: hold_suspect() ─► HELD
//            ▼
//   ┌──► WAITING ─────── halted or draining: release_all() ───────► RELEASED
//   │        │           fits none any more: nowhere(), as above
//   │        │ send()
//   │        │    reserves slot, quota and worst-case money
//   │        ▼
//   │    IN FLIGHT ◄──── overdue, Config::hedge: hedge() sends a second attempt
//   │        │ answered()
//   │        │    land() frees the slot, settles quota and money, learns
//   │        ├─ none ─────────────────────────────────────────────► ANSWERED
//   │        ├─ dead: reject() ───────────────────────────────────► REJECTED outcome.cause
//   │        ├─ split: split() ── of several rows ────────────────► SPLIT
//   │        │                    of one: too_big(), once more ───► REJECTED outcome.cause
//   │        │   with another attempt in flight, end() keeps it until that has landed: ENDED
//   │        ├─ any other, with another attempt in flight: stays IN FLIGHT
//   │        ├─ retry, move: try_again(); refused for the rate: rate_limited()
//   │        │        no attempts or patience left ───────────────► REJECTED retries_exhausted
//   │◄───────┤        else enqueue(): ready now, if another endpoint can take it, or else after its
//   │        │        back-off
//   │◄───────┼─ stop, job: enqueue(), ready at once; after a halt release_all() takes it
//   │        └─ refused: refused(), then as enqueue(): another endpoint, or
//   │       HELD ── the endpoint answers another: verdict() ──────► REJECTED outcome.cause , or
//   SPLIT └─────────┴── the endpoint is stopped, or nothing else is left: decide_suspects()
//
// An endpoint:  OPEN ──move, or a hint to wait: CoolDown::begin()──► COOLING ──time──► OPEN
//               OPEN or COOLING ──stop: stop()──► STOPPED, for this run
//               beside that its Breaker, LearnedRate and Concurrency, each with its own diagram
// The run:      RUNNING ◄──pause()──► PAUSED, either ──halt() or drain()──► DRAINING. There is no way back.
#pragma once

#include <memory_resource>
#include <unordered_map>
#include <vector>

#include "schedule/budget.h"
#include "schedule/endpoint.h"
#include "schedule/hedge.h"
#include "schedule/request.h"
#include "schedule/retry.h"
#include "schedule/router.h"
#include "schedule/scheduler.h"
#include "schedule/wait_queue.h"

namespace sluice::schedule {

// What is to be done with the oldest request for which something can be done.
enum class Step : std::uint8_t {
  wait,         // nothing, before `when` or the next outcome
  wait_money,   // as wait; the request at the head of `lane` waits for money that is in flight
  halt_budget,  // the rest of the budget does not cover it, and none of it is in flight or parked
  release,      // as halt_budget, but that money is parked: it stays pending
  nowhere,      // fits no endpoint that is left
  change_lane,  // estimates have moved since it came: it fits other endpoints now
  back_off,     // the endpoint that it came back for at once has no room: its back-off counts now
  send,         // `survey` has the candidates
};
struct LaneStep {
  Step step = Step::wait;
  Lane* lane = nullptr;            // whose head it is; null only with Step::wait
  std::optional<core::Time> when;  // wait, wait_money: the first moment at which time alone helps
  bool waits() const { return step == Step::wait || step == Step::wait_money; }
};

struct Scheduler::Impl {
  explicit Impl(Config given);

  // scheduler.cc
  void enqueue(core::Time ready, Request& request);
  // The one enumeration of lanes: send_ready() does what it finds, wake_at() says when it will find
  // something. Both end at the same lane, so the moment that is named is never too late.
  LaneStep next_step(core::Time now);
  void send_ready(core::Time now);
  void send(core::Time now, Request& request, const Candidate& to);
  void hedge(core::Time now);
  // When a request of this endpoint is next overdue.
  std::optional<core::Time> next_hedge(std::size_t endpoint);
  // Of Route::deadline; null for the others.
  const Purchase* buying() const { return config.route == Route::deadline ? &*purchase : nullptr; }
  // Adds to `claimed` where a request that cannot go now would go: younger ones of other lanes must
  // not take from there what it waits for.
  void claim(const Eligibility& blocked);
  void release_all();
  // The budget does not cover `request` beside what is in flight.
  void note_throttle(const Request& request);

  // scheduler_outcome.cc
  // False when the request had ended, by its other attempt.
  bool answered(core::Time now, Request& request, Flight flight, const provider::Outcome& outcome);
  void complete(core::Time now, const Request& request, const Flight& flight,
                const provider::Outcome& outcome);
  // What the outcome teaches about the endpoint's rate, concurrency and health.
  void learn(core::Time now, const Request& request, const Flight& flight,
             const provider::Outcome& outcome);
  // Whether a refusal that may be for want of capacity (503) is that of a server that is down:
  // refusals have come together and nothing has passed for kNothingPasses.
  bool is_outage(const Flight& flight, const provider::Outcome& outcome) const;
  // Waits for its back-off or the server's hint, the request alone; or goes elsewhere at `turn`.
  void back_off_here(core::Time now, core::Time turn, int failures, Request& request,
                     const Flight& flight, const provider::Outcome& outcome);
  void try_again(core::Time now, Request& request, const Flight& flight,
                 const provider::Outcome& outcome);
  void rate_limited(core::Time now, Request& request, const Flight& flight,
                    const provider::Outcome& outcome);
  void stop(Endpoint& endpoint, std::string why);
  // Whether the request could go elsewhere than to `endpoint`, now or later.
  bool has_alternate(core::Time now, const Request& request, EndpointId endpoint) const;
  // Whether another endpoint than `endpoint` can take it now.
  bool alternate_now(core::Time now, const Request& request, EndpointId endpoint);
  // Adds the failure to the request's history. True when the endpoint has answered nobody since the
  // request's last failure of this kind.
  bool remember(Request& request, const Flight& flight, const provider::Outcome& outcome);
  // Forgets it, or, when another attempt is in flight, cancels that one.
  void end(Request& request);
  void reject(Request& request, std::string_view reason, std::string detail);
  // Rejected when it is one row.
  void split(Request& request, provider::Cause cause, const std::string& detail);
  void halt(HaltCause cause, std::string message);
  // Some endpoint that has answered before has failed it, so that the fault may be its own.
  bool may_be_its_fault(const Request& request) const;

  // scheduler_parking.cc
  // To a batch, where it shall go there. False: it is to be sent, as any other.
  bool park(core::Time now, const Demand& demand);
  std::uint64_t parked() const;  // requests, in open batches
  bool only_batches() const;
  // Where there are only batches: it stays pending.
  void leave(const Demand& demand);
  std::string beyond_deadline(core::Time now) const;  // Snapshot::beyond_deadline

  // refusal.cc
  void refused(core::Time now, Request& request, const Flight& flight,
               const provider::Outcome& outcome);
  void too_big(core::Time now, Request& request, const Flight& flight,
               const provider::Outcome& outcome);
  void note_refusal(Request& request, const Flight& flight, const provider::Outcome& outcome);
  // No endpoint that is left takes it: rejected or split, held or released.
  void nowhere(Request& request);
  void hold_suspect(Request& request, EndpointId endpoint);
  // Its refusal stands.
  void verdict(Request& request);
  // The endpoint has answered a request, so what it refuses it refuses for a reason.
  void confirm_suspects(Endpoint& endpoint);
  // The endpoint is stopped: its word counts no more.
  void clear_suspects(Endpoint& endpoint);
  // Nothing but suspects is left.
  void decide_suspects(core::Time now);
  std::optional<core::Time> suspects_due() const;

  Config config;
  std::vector<Endpoint> endpoints;
  Budget budget;
  Router router;
  std::optional<Purchase> purchase;  // with Route::deadline, or where there are batches
  Jitter jitter;
  RetryBudget retries;
  std::pmr::unsynchronized_pool_resource nodes;                  // of requests
  std::pmr::unordered_map<RequestId, Request> requests{&nodes};  // stable addresses
  Waiting waiting;
  std::vector<Hedging> hedging;  // by EndpointId
  AttemptId next_attempt;
  std::size_t in_flight = 0;  // attempts
  std::size_t suspected = 0;  // requests that are held
  core::Money parked_cost;
  // Of online endpoints, as last found out for park().
  double delivers = 0;
  std::optional<core::Time> delivers_at;
  core::Time last_refused{};
  bool draining = false;
  bool paused = false;
  std::optional<Throttle> throttle;
  std::vector<Action> actions;  // for the next poll()

  // Made anew at each use; here so that their memory is kept.
  Eligibility eligibility;
  EndpointSet claimed;
  EndpointSet alternate;
  std::vector<Lane*> lanes;
};

}  // namespace sluice::schedule
