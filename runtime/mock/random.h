// Reproducible draws: every one is a function of what it is drawn for. Plain functions, any thread.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace sluice::mock {

// SplitMix64's finalizer (Steele, Lea, Flood 2014): each bit of `x` changes half of the result's.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
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

// Median 1; by Box and Muller from two draws. 1 - u keeps the logarithm finite.
inline double log_normal(double sigma, std::uint64_t radius_draw, std::uint64_t angle_draw) {
  const double radius = std::sqrt(-2 * std::log(1 - unit(radius_draw)));
  return std::exp(sigma * radius * std::cos(2 * std::numbers::pi * unit(angle_draw)));
}

}  // namespace sluice::mock
