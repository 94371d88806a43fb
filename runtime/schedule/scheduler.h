// Who sends what where and when: the heart of sluice. A pure state machine: it opens no
// socket, reads no clock, draws its randomness from a seed. Production drives it from the I/O
// thread, tests and the simulator with a clock in the hand.
//
// In go submitted(), answered() and the time; out, by poll(), come Actions; wake_at() says when
// poll() is next worth calling if nothing else happens.
//
// Threads: one.
//
// Invariants (each has a test):
//   1. Every submitted request ends in exactly one of: answered with Action::none, RejectRequest,
//      SplitRequest, ReleaseRequest, Park.
//   2. A request has one attempt in flight at most, with Config::hedge two; a waiting request holds
//      no slot and no quota.
//   3. No quota is passed by more than its burst; max_concurrency never.
//   4. money spent + worst case of everything in flight and parked ≤ budget.
//   5. A request that can never fit an endpoint's quota is never sent there; one that fits none is
//      rejected at once, or split when it has several rows. One that fits stopped endpoints alone
//      is released: it stays pending.
//   6. While paused nothing is sent. After drain() or a halt nothing is sent; what was not in flight is released at the next
//      poll().
//   7. No request is rejected on the word of endpoints that have never answered one (refusal.cc).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "schedule/budget.h"
#include "schedule/shares.h"
#include "schedule/types.h"

namespace sluice::schedule {

class Scheduler {
 public:
  explicit Scheduler(Config config);
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;
  Scheduler& operator=(Scheduler&&) noexcept;

  void submitted(core::Time now, const Demand& demand);
  // Without it Route::deadline does not know how much is left, and waits for no cheap endpoint.
  void outlook(const Outlook& outlook);
  // What one attempt in flight has come to.
  Taken answered(core::Time now, RequestId request, AttemptId attempt,
                 const provider::Outcome& outcome);
  // Of a batch that has ended: so many requests, what was reserved for them, what they have cost.
  void collected(EndpointId endpoint, std::uint64_t requests, core::Money worst_cost,
                 core::Money cost);
  // No more is parked there in this run.
  void stop_parking(EndpointId endpoint, std::string why);
  // Keeps one slot of an endpoint taken after its attempt was answered, until release_slot(): so that
  // what is sent and not yet booked never outnumbers the endpoint's slots.
  void retain_slot(EndpointId endpoint);
  void release_slot(EndpointId endpoint, int slots);
  // Appends all that is to be done now.
  void poll(core::Time now, std::vector<Action>& actions);
  std::optional<core::Time> wake_at(core::Time now) const;
  // Send nothing more; release what waits.
  void drain();
  // A share of this endpoint's quotas, in the place of the one before: from now on nothing is sent there
  // without. For processes that use one key.
  void granted(core::Time now, EndpointId endpoint, const Share& share);
  // What it has used of them and would use.
  Demanded demanded(EndpointId endpoint);
  // Send nothing until it is told otherwise; what is in flight goes on, what comes for batches is parked
  // (whoever creates them is paused too), and the deadline stands.
  void pause(bool paused);
  // Another one, above what is spent or below. No effect behind a halt.
  void set_budget(core::Money budget, BudgetPart part = {});
  Purse purse();

  Snapshot snapshot(core::Time now) const;
  // What is wrong with an endpoint that gives nothing but failures, for people; "" while there is
  // nothing to speak of.
  std::string_view problem(core::Time now, EndpointId endpoint) const;
  // nullopt: the endpoint has no daily quota.
  std::optional<DayUsed> day_used(core::Time now, EndpointId endpoint) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::schedule
