// One quota in one dimension: `limit` units per `window`, refilled continuously, never more than
// `burst` units saved up. The level may fall below zero: that is debt, and time pays it.
//
// The server keeps such a bucket too (docs/providers.md, Rate limiters: the reset figures
// say when it is full again). Ours saves up less than the server's, see quota.h.
//
// Threads: one. Reads no clock: every call takes the time; time that runs backwards stands still.
//
// Invariants:
//   1. Between any two moments t1 < t2 at most rate × (t2 - t1) + max(burst, last request) units
//      leave the bucket, if the caller reserves only what fits().
//   2. A request larger than the burst goes when the bucket is full, and leaves debt behind; so
//      none is too large to ever go.
//   3. fits(earliest(now, n), n) holds, if nothing is reserved in between.
//   4. Rounding does not drift: each step errs by at most one unit in the last place of a double,
//      below 10^-3 units in 10^9 steps for a burst of 10^4.
#pragma once

#include <algorithm>

#include "core/clock.h"

namespace sluice::schedule {

class TokenBucket {
 public:
  // Full at the first moment it is told of. All three > 0.
  TokenBucket(double limit, core::Duration window, double burst);

  double limit() const { return limit_; }
  double burst() const { return burst_; }
  double level(core::Time now) const;
  bool fits(core::Time now, double units) const;
  // The first moment at which `units` fit: `now` when they do already.
  core::Time earliest(core::Time now, double units) const;

  // Makes `now` its first moment, at which it is less than full, or in debt.
  void begin(core::Time now, double level) {
    at_ = now;
    level_ = std::min(level, burst_);
  }

  // Takes `units` out, fitting or not. Returns the mark that observe() wants back.
  double reserve(core::Time now, double units);
  // What was reserved turned out to be `actual`: the difference is refunded or charged.
  void settle(core::Time now, double reserved, double actual);

  // The server said, in its answer to the request whose reserve() returned `mark`, that `remaining`
  // units were left. Where that is less than we had, somebody else spends from this quota, or we
  // have counted too little, and ours is lowered. The figure is stale: depending on the server it
  // is as old as the request's arrival or as the answer, and requests are in flight that it may not
  // have seen. So it is held against both our level when that request was sent and our level now,
  // and the smaller difference counts:
  //   - No starving. A correction never makes debt, and a difference from the level of then that an
  //     earlier answer has taken off already is not taken off again: however many answers repeat
  //     one stale figure, together they cost no more than we had when the request was sent, which
  //     is at most the burst.
  //   - No overfilling. A figure above ours changes nothing: the server's bucket is the larger one,
  //     and what is in flight may not yet be missing from it.
  void observe(core::Time now, double mark, double remaining);

  // A new limit for the same window. What is saved above the new burst is lost.
  void set_limit(core::Time now, double limit, double burst);

  // Share of the rate used in the last 10 to 20 seconds, 0…1.
  double rate_used(core::Time now) const;

 private:
  void refill(core::Time now);
  void count(core::Time now, double units);

  double limit_;
  core::Duration window_;
  double burst_;
  double rate_;  // units per nanosecond
  double level_;
  // Units that left without a request: overflow at the burst, and corrections. So `level_ + lost_`
  // at two moments differs only by refill and by requests, which is what observe() rests on.
  double lost_ = 0;
  core::Time at_ = core::Time::min();  // level_ is as of this moment; min = not started
  core::Time slot_ = core::Time::min();
  double this_slot_ = 0;  // units taken since slot_, and in the slot before it
  double last_slot_ = 0;
};

}  // namespace sluice::schedule
