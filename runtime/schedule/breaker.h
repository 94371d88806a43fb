// The circuit breaker of one endpoint: when too much of what is sent there fails, send elsewhere,
// look again with a few requests, and come back when these are answered.
//
//              failed(): too much has failed
//   CLOSED ────────────────────────────────────────► OPEN ◄──────────────┐
//      ▲                                              │                  │ failed(): a probe
//      │                                              │ time: until()    │
//      └────────── passed(): kProbes of them ──── HALF-OPEN ─────────────┘
//
// Too much, where the requests can go elsewhere: more than 5 % of at least kLeast outcomes in the
// last 10 seconds (in the last minute, where 10 seconds hold fewer), or kRow failures in a row.
// Where there is no elsewhere, an endpoint that answers half of its requests is better than none:
// more than 50 %, or twice as many in a row.
//
// A failure is a timeout, a reset, an unreachable server, a 5xx, or a 200 that says "error". What
// the server refuses for a reason of its own (429; 503 and 529, unless nothing passes any more:
// scheduler_outcome.cc, is_outage()) or of the request's (4xx) is neither a failure
// nor a success, and is not told to the breaker, except that it ends a probe without a verdict.
//
// Threads: one.
//
// Invariants:
//   1. OPEN lasts 1 s, doubled with each probe that fails, at most 30 s; jittered between a half
//      and the whole of that. It starts again at 1 s when a minute has passed since it closed.
//   2. In HALF-OPEN at most kProbes requests are in flight.
//   3. Outcomes of attempts that were sent before OPEN began are not held against a probe.
#pragma once

#include <array>
#include <cstdint>

#include "core/clock.h"
#include "schedule/retry.h"

namespace sluice::schedule {

class Breaker {
 public:
  static constexpr double kMostFailures = 0.05;
  static constexpr double kMostFailuresAlone = 0.5;
  static constexpr int kLeast = 20;
  static constexpr int kRow = 5;
  static constexpr int kProbes = 3;

  BreakerState state(core::Time now) const;
  // The first moment at which a request may go; core::Time::max() when only an answer brings it.
  core::Time earliest(core::Time now) const;

  // A request is sent; `earliest()` said now. Returns whether it is a probe.
  bool sent(core::Time now);
  // What became of it.
  void passed(core::Time now, core::Time sent_at, bool probe);
  void failed(core::Time now, core::Time sent_at, bool probe, bool alternate, Jitter& jitter);
  // The same, of a server that is known to be down: it opens at once.
  void down(core::Time now, core::Time sent_at, bool probe, Jitter& jitter);
  void no_verdict(bool probe);

  std::uint64_t times_opened() const { return times_opened_; }

 private:
  struct Slot {
    std::uint32_t passed = 0;
    std::uint32_t failed = 0;
  };
  static constexpr int kSlots = 60;  // of a second each

  Slot& slot(core::Time now);
  // Counts a failure. False where that is all: it was a probe, or not closed.
  bool count(core::Time now, core::Time sent_at, bool probe, Jitter& jitter);
  bool too_much(core::Time now, bool alternate);
  void open_afresh(core::Time now, Jitter& jitter);
  void open(core::Time now, Jitter& jitter);
  void half_open_if_due(core::Time now);

  enum class Phase : std::uint8_t { closed, open, half_open };
  Phase phase_ = Phase::closed;
  std::array<Slot, kSlots> slots_{};
  std::int64_t newest_ = 0;  // the second that slots_[newest_ % kSlots] is about
  int row_ = 0;              // failures since the last success
  core::Time until_{};       // end of OPEN
  core::Time opened_at_ = core::Time::min();
  core::Time closed_at_ = core::Time::min();
  int waits_ = 0;  // OPENs since it was last at rest
  int probes_ = 0;
  int probes_passed_ = 0;
  std::uint64_t times_opened_ = 0;
};

}  // namespace sluice::schedule
