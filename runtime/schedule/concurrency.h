// How many requests an endpoint is worth at once: the knee, beyond which more of them only wait in
// the server's queue. Found by trial, since no server states it.
//
// By Little's law n requests in flight with a mean latency of W make n / W answers a second, and W
// is a far steadier figure than a count of answers. So every question here is: how does n / W
// change with n? What other controllers hold against a remembered best latency (Netflix's gradient,
// Vector's ARC) is here held against the neighbouring measurement: answers that grow longer in
// mid-job change both alike.
//
// The control law, with the function that makes each transition:
//
//         kStart                               the cap, where a quota is known
//           │                                              │
//           ▼                                              ▼
//      ┌► CLIMBING ──settle_at_knee(), or the cap──► HOLDING ◄──────────────────┐
//      └─────┘ climb()                                 │ begin_trial()          │ take_back(), or
//                                                      ▼                        │ nothing further
//                                                     BASE ──measured()──► TRIAL┘
//                                                                           │ ▲
//                                                             keep_step()   └─┘
//      any ──overloaded()──► HOLDING            any ──restart(), after an outage──► CLIMBING
//
//   Climbing  From kStart, doubled after each round of as many answers, as long as the rate grows
//             by a third of what the doubling would allow. Then straight to the knee that the
//             rounds have shown: best rate × shortest mean latency.
//             A leap is four times as many, where a round takes 0.25 s to 20 s: from 32 to 30,000
//             in five. It is followed by the next as soon as the new places have had their answers
//             and the latency is within 15 % of the shortest. Else it is taken back to twice as
//             many, and from there on it only doubles.
//   Holding   No change, for 20 latencies (at least 5 s) at first, after each trial that changed
//             nothing twice as long, at most five minutes. Where it begins at the cap, half a
//             minute at first: nothing says yet that fewer would do.
//   Base      The rate at n is measured again.
//   Trial     The rate at n ± 15 % is measured, up and down in turn, until the difference is clear
//             beside the noise or kMostSamples are in. Up is kept when the rate grows by 2.5 %;
//             down is kept when it costs less than 1.5 %. A step that is kept is followed by one
//             twice as wide in the same direction, at once.
// "Slow down" and "overloaded" take 30 % off. Refusals for the rate do not (learned_rate.h), nor do
// errors (breaker.h). Only an answer in whose time all that is allowed was in flight teaches
// anything: where something else is the limit, nothing grows.
//
// Threads: one. Reads no clock.
//
// Invariant: 1 ≤ limit() ≤ cap.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace sluice::schedule {

// A mean with its uncertainty (Welford's method).
class Mean {
 public:
  void add(double value);
  std::uint64_t count() const { return count_; }
  double value() const { return mean_; }
  double relative_error() const;  // standard error / mean

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

class Concurrency {
 public:
  static constexpr int kStart = 32;
  static constexpr std::uint64_t kMostSamples = 2000;

  // `climb`: begin at kStart and climb; else at the cap, where a quota bounds the rate anyway.
  Concurrency(int cap, bool climb);

  int limit() const { return limit_; }
  int cap() const { return cap_; }
  // More may be allowed soon: nothing has shown yet that they would bring nothing.
  bool climbing() const { return phase_ == Phase::climbing; }

  // A request is sent, and is then one of `in_flight`. Returns the epoch, which answered() wants
  // back.
  std::uint32_t sent(core::Time now, int in_flight);
  void answered(core::Time now, core::Time sent_at, std::uint32_t epoch);
  // "You are too many", of an attempt sent at `sent_at`.
  void overloaded(core::Time now, core::Time sent_at);
  // From the start again, after an outage.
  void restart();

 private:
  enum class Phase : std::uint8_t { climbing, holding, base, trial };

  void set(int limit);
  void climb(core::Time now);
  void step_back();
  void settle_at_knee(core::Time now);
  bool past_knee() const;
  void hold(core::Time now, double latency, core::Duration shortest);
  void begin_trial();
  bool base_is_known() const;
  void measured();
  enum class Verdict : std::uint8_t { unclear, worth_it, not_worth_it };
  Verdict judge() const;
  void keep_step(core::Time now);
  void take_back(core::Time now);
  int next_step() const;
  double rate(int n, const Mean& latency) const { return n / latency.value(); }

  int cap_;
  int limit_;
  Phase phase_;
  std::uint32_t epoch_ = 1;  // changes with limit_
  Mean latency_;             // seconds, of answers sent in this epoch
  // Climbing
  int before_ = 0;  // limit and rate of the round before
  double rate_before_ = 0;
  bool leap_ = false;     // this round has four times as many as the one before
  bool may_leap_ = true;  // no leap has been taken back
  double best_rate_ = 0;
  double shortest_ = 0;
  // Holding and Trial
  core::Time hold_until_{};
  core::Duration hold_{};
  bool up_ = true;
  double width_ = 0;
  int base_ = 0;
  Mean base_latency_;
  core::Time full_at_ = core::Time::min();  // the latest moment with all of limit_ in flight
  core::Time cut_at_ = core::Time::min();
};

}  // namespace sluice::schedule
