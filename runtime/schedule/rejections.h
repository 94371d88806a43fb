// Whether refusals have become more than usual.
//
// Problem: some servers refuse a few requests whatever is sent (a shared capacity), others refuse
// because too much was sent. One refusal does not say which. A limit refuses in bursts or at a
// raised share; the others come spread among answers.
//
// Mechanism: Page's test (CUSUM). Every refusal adds log(raised / usual), every request that was
// not refused takes off log((1 - usual) / (1 - raised)), and the score never falls below zero. It
// rises only while the share is nearer to `raised` than to `usual`. Requests are counted by their
// ordinals, so that refusals that come back in a millisecond and answers that take ten seconds are
// held against each other as they were sent.
//
// Threads: one. Reads no clock.
//
// Invariants:
//   1. 0 ≤ score() ≤ kMost.
//   2. The score rises only in refused().
#pragma once

#include <cstdint>

#include "core/clock.h"

namespace sluice::schedule {

class RejectionTest {
 public:
  // Shares of all that is sent, 0 < usual < raised < 1.
  RejectionTest(double usual, double raised);

  // The request with this ordinal was refused. Returns whether it is the first of a rejection
  // burst: the score was zero before.
  bool refused(std::uint64_t ordinal);
  // The score when all up to `ordinal` that are not known to be refused have passed.
  double score(std::uint64_t ordinal) const;
  double score() const { return score_; }
  void reset() { score_ = 0; }

 private:
  static constexpr double kMost = 16;

  double refusal_;  // what each adds
  double pass_;     // what each takes off
  double score_ = 0;
  std::uint64_t latest_ = 0;  // the highest ordinal refused
};

// Rejection bursts of one endpoint: whether its refusals come together. Refusals that come one by
// one among answers are about their requests; when they come together the endpoint is full.
//
// A burst: five refused in a row, or some more with a few answers between them. It lasts until
// about as many have passed. One endpoint refuses a tenth of all at random without ever being taken
// for it, but for once in 100,000 requests.
class RejectionBurst {
 public:
  void refused(std::uint64_t ordinal) { test_.refused(ordinal); }
  bool active() const { return test_.score() >= kTogether; }

 private:
  static constexpr double kTogether = 7;
  RejectionTest test_{0.1, 0.5};
};

// Whether a tier has no capacity at all for us (Cause::capacity). Some refusals are its usual life,
// whatever is sent: they are free, and the request goes elsewhere or comes again. Ten in a row say
// that it is worth a pause (CoolDown), and few at once after it, until one is let through.
class Shortage {
 public:
  static constexpr int kProbes = 3;  // in flight at most while there is no capacity

  void refused(core::Time now, std::uint64_t ordinal) {
    test_.refused(ordinal);
    if (test_.score() < kShort || short_) return;
    short_ = true;
    since_ = now;
  }
  // An attempt that was sent then was let through.
  void passed(core::Time sent_at) {
    if (sent_at > since_) short_ = false;
  }
  bool active() const { return short_; }

 private:
  static constexpr double kShort = 10;
  RejectionTest test_{0.3, 0.9};
  bool short_ = false;
  core::Time since_{};
};

}  // namespace sluice::schedule
