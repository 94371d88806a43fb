// How long to stay away: a request from the wire after its failure, an endpoint from all requests
// after it said "slow down".
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "core/clock.h"
#include "schedule/types.h"

namespace sluice::schedule {

// A server that asks for more than this is asked again after this.
constexpr core::Duration kLongestHint = std::chrono::hours(24);
// Times that a request may find its endpoint closed (refused for the rate, or not to be reached)
// while nobody gets an answer there. That is the server's word about the endpoint, not about the
// request, so it does not use up RetryPolicy::attempts; and while others are answered, waiting
// helps, so those times do not count at all.
constexpr int kMaxUnansweredRejections = 100;

// Randomness from a seed; the same sequence with every standard library.
class Jitter {
 public:
  explicit Jitter(std::uint64_t seed) : engine_(seed) {}
  double fraction() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  // [0, 1)
  core::Duration up_to(core::Duration most);

 private:
  std::mt19937_64 engine_;
};

// min(cap, base · 2^n)
core::Duration ceiling(const RetryPolicy& policy, int n);

// The wait of a request that has failed `failures` ≥ 1 times: full jitter
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), but never less than
// the server's hint, if it gave one.
core::Duration back_off(const RetryPolicy& policy, int failures,
                        const std::optional<core::Duration>& hint, Jitter& jitter);

// The retry budget of a job: a repeat for each answer, and ten a second beside. While answers come
// that is no limit; where nothing is answered any more it keeps repeats from becoming a storm.
// Repeats that are over the budget wait their turn, they do not fail. Refusals for the rate do not
// come here: the rate is learned from these.
class RetryBudget {
 public:
  void answered() { saved_ = saved_ < kMostSaved ? saved_ + 1 : saved_; }
  // When the next repeat may go; takes its place.
  core::Time take(core::Time now);

 private:
  static constexpr int kMostSaved = 100;
  static constexpr core::Duration kApart = std::chrono::milliseconds(100);
  int saved_ = kMostSaved;
  core::Time next_ = core::Time::min();
};

// The cool-down of one endpoint.
//
// Invariants:
//   1. until() never moves to an earlier moment.
//   2. The requests that were in flight when a cool-down began are one rejection burst: their
//      failures do not make the next wait longer, they may only bring a later hint.
//   3. Without a hint the wait is between a half and the whole of min(cap, base · 2^n), n = bursts
//      without an answer in between: an endpoint that has just said no gets some rest for certain.
//      The first burst of refusals since something passed is no reason for a pause: the rate is
//      lowered (learned_rate.h). Refusals that come alone never come here (rejections.h).
class CoolDown {
 public:
  bool active(core::Time now) const { return now < until_; }
  core::Time until() const { return until_; }

  // The attempt sent at `sent_at` came back with "not now".
  void begin(core::Time now, core::Time sent_at, const std::optional<core::Duration>& hint,
             const RetryPolicy& policy, Jitter& jitter);
  // The same, where it was refused for the rate.
  void begin_for_rate(core::Time now, core::Time sent_at, const std::optional<core::Duration>& hint,
                      const RetryPolicy& policy, Jitter& jitter);
  // The attempt sent at `sent_at` was answered.
  void answered(core::Time sent_at);

 private:
  // True when this failure is to bring a wait.
  bool count(core::Time now, core::Time sent_at, const std::optional<core::Duration>& hint,
             Jitter& jitter);
  void wait(core::Time now, core::Duration longest, const std::optional<core::Duration>& hint,
            const RetryPolicy& policy);

  core::Time until_ = core::Time::min();
  core::Time began_ = core::Time::min();
  int rejection_bursts_ = 0;
  double fraction_ = 0;  // this rejection burst's jitter
};

}  // namespace sluice::schedule
