// The models' randomness, the same with every standard library: draws that are a function of what
// they are drawn for, and a sequence from a seed.
//
// Threads: any for the functions; one for a Random.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace sluice::simulate {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

// SplitMix64's finalizer (Steele, Lea, Flood 2014): each bit of `x` changes half of the result's.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += kGolden;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return mix(mix(a) ^ b);
}

// In [0, 1).
constexpr double unit(std::uint64_t draw) {
  return static_cast<double>(draw >> 11) * 0x1p-53;
}

// By Box and Muller from two draws. 1 - u keeps the logarithm finite.
inline double normal(std::uint64_t radius_draw, std::uint64_t angle_draw) {
  const double radius = std::sqrt(-2 * std::log(1 - unit(radius_draw)));
  return radius * std::cos(2 * std::numbers::pi * unit(angle_draw));
}

// Median 1.
inline double log_normal(double sigma, std::uint64_t radius_draw, std::uint64_t angle_draw) {
  return std::exp(sigma * normal(radius_draw, angle_draw));
}

// SplitMix64: a few instructions to seed, so that each request can have a sequence of its own.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(seed + stream * 0xD1342543DE82EF95) {}

  std::uint64_t next() {
    const std::uint64_t drawn = mix(state_);
    state_ += kGolden;
    return drawn;
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  double uniform() { return unit(next()); }  // [0, 1)
  double normal() {
    const std::uint64_t radius = next();
    return simulate::normal(radius, next());
  }
  // Median 1.
  double log_normal(double sigma) { return sigma == 0 ? 1 : std::exp(sigma * normal()); }

 private:
  std::uint64_t state_;
};

}  // namespace sluice::simulate
