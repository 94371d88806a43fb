// When a member calls again: a tick, give or take a fifth, so that members that began together do not stay together.
//
// Threads: a plain function on a state of the caller's.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "fleet/pool.h"

namespace sluice::fleet {

inline core::Duration jittered(Ms tick, std::uint64_t& random) {
  constexpr double kJitter = 0.2;
  // SplitMix64 (Steele, Lea, Flood 2014).
  std::uint64_t x = random += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  const double drawn = static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  const std::chrono::duration<double, std::milli> lasting =
      std::chrono::duration<double, std::milli>(tick) * (1 - kJitter + 2 * kJitter * drawn);
  return std::chrono::duration_cast<core::Duration>(lasting);
}

}  // namespace sluice::fleet
