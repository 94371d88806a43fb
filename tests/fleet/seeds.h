// How many random fleets are played; the variables are those of tests/schedule/seeds.h.
//
//   SLUICE_SEED=n    that one alone: how a failure is replayed
//   SLUICE_SEEDS=n   so many instead of kScenarios; 10,000 and more in the long suite
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace sluice::fleet {

#if defined(NDEBUG) && !defined(SLUICE_SANITIZED)
constexpr std::uint64_t kScenarios = 600;
#else
constexpr std::uint64_t kScenarios = 60;
#endif

// Dealt out to so many tests, which can run side by side.
constexpr std::uint64_t kShards = 4;

inline std::vector<std::uint64_t> seeds_of_shard(std::uint64_t shard) {
  if (const char* one = std::getenv("SLUICE_SEED")) {
    if (shard != 0) return {};
    return {std::strtoull(one, nullptr, 10)};
  }
  const char* many = std::getenv("SLUICE_SEEDS");
  const std::uint64_t last = many != nullptr ? std::strtoull(many, nullptr, 10) : kScenarios;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = shard + 1; seed <= last; seed += kShards) seeds.push_back(seed);
  return seeds;
}

inline std::string how_to_replay(std::uint64_t seed) {
  return "replay with SLUICE_SEED=" + std::to_string(seed);
}

}  // namespace sluice::fleet
