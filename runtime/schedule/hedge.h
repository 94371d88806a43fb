// Hedging, an option: a request that takes longer than 95 % of its endpoint's answers is asked a
// second time, elsewhere if it can be; whichever answers first is taken, the other is cancelled.
// It buys a shorter tail with money, so it is off by default, never passes the budget or a quota,
// and adds at most kShare of the first sendings.
//
// Threads: one.
//
// Bound: the attempts of one endpoint that were sent within its tail latency.
#pragma once

#include <algorithm>
#include <deque>

#include "schedule/types.h"

namespace sluice::schedule {

// The first attempts at one endpoint, oldest first.
class Hedging {
 public:
  static constexpr double kShare = 0.05;

  struct Sent {
    core::Time at;
    RequestId request = 0;
    AttemptId attempt = 0;
  };

  void sent(const Sent& sent) {
    queue_.push_back(sent);
    allowance_ = std::min(allowance_ + kShare, kMostSaved);
  }
  bool empty() const { return queue_.empty(); }
  const Sent& oldest() const { return queue_.front(); }
  void drop_oldest() { queue_.pop_front(); }

  bool allowed() const { return allowance_ >= 1; }
  void hedged() { allowance_ -= 1; }

 private:
  static constexpr double kMostSaved = 20;
  std::deque<Sent> queue_;
  double allowance_ = 0;
};

}  // namespace sluice::schedule
