// The models' randomness: a sequence from a seed, the same with every standard library.
//
// Threads: one.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace sluice::schedule {

// SplitMix64 (Steele, Lea, Flood 2014): a few instructions to seed, so that each request can have
// a sequence of its own.
class ModelRandom {
 public:
  explicit ModelRandom(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(seed + stream * 0xD1342543DE82EF95) {}

  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
  double normal() {  // Box and Muller; 1 - u keeps the logarithm finite
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Median 1.
  double log_normal(double sigma) { return sigma == 0 ? 1 : std::exp(sigma * normal()); }

 private:
  std::uint64_t state_;
};

}  // namespace sluice::schedule
