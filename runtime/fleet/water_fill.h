// Max-min fairness: nobody's part can grow without taking from one that has no more of its own.
//
// Threads: a plain function.
//
// Invariants: 0 ≤ part ≤ demand; Σ parts = min(Σ demands, amount) but for rounding; of two that have less than they demand, parts are
// as their weights.
#pragma once

#include <span>
#include <vector>

namespace sluice::fleet {

struct Demand {
  double wants = 0;   // ≥ 0, may be infinite
  double weight = 1;  // > 0
};

// O(n log n).
std::vector<double> water_fill(double amount, std::span<const Demand> demands);

}  // namespace sluice::fleet
