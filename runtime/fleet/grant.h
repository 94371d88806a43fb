// How one limit of a pool is divided, and what the member that calls gets of it: the inside of exchange().
//
// Threads: plain functions.
#pragma once

#include <vector>

#include "fleet/pool.h"

namespace sluice::fleet {

// What each member ought to have of one limit.
struct Division {
  std::vector<double> target;    // by member; 0 for one that takes turns of a rate
  std::vector<bool> takes_turn;  // of a rate
  double pooled = 0;             // units per second for those that take turns
};

Division divide(const PoolState& state, std::size_t limit);

// Writes down what `member` brings of `limit`.
void record(PoolState& state, std::size_t limit, std::size_t member, const Claim& claim);

// What it gets; `leased`: of the call. Only after all claims of the call are written down.
Granted grant(PoolState& state, std::size_t limit, std::size_t member, const Claim& claim,
              bool leased);

// The cap of one limit: what is stated, or what is learned. `member` has just called.
void review_cap(PoolState& state, std::size_t limit, std::size_t member, const Claim& claim);

inline bool learning(const PoolState& state) {
  return state.at < state.learning_until;
}

// Six digits of it, never more than it: what is kept in the store is short.
double round_down(double value);

}  // namespace sluice::fleet
