// How much the simulations take upon themselves, decided here for all of them.
//
//   SLUICE_SEED=n    that one scenario alone: how a failure is replayed
//   SLUICE_SEEDS=n   so many instead of kScenarios
//   SLUICE_RUNS=n    so many seeds for each named simulation, instead of one
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace sluice::schedule {

#if defined(NDEBUG) && !defined(SLUICE_SANITIZED)
constexpr bool kFastBuild = true;
#else
constexpr bool kFastBuild = false;  // ten times slower, or more
#endif
constexpr std::uint64_t kScenarios = kFastBuild ? 10'000 : 1000;

// The scenarios are dealt out to so many tests, which can run side by side.
constexpr std::uint64_t kShards = 8;

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

// Of the simulations that have a name of their own.
inline std::vector<std::uint64_t> named_seeds() {
  const char* runs = std::getenv("SLUICE_RUNS");
  const std::uint64_t last = runs != nullptr ? std::strtoull(runs, nullptr, 10) : 1;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seed <= last; ++seed) seeds.push_back(seed);
  return seeds;
}

inline std::string how_to_replay(std::uint64_t seed) {
  return "replay with SLUICE_SEED=" + std::to_string(seed);
}

}  // namespace sluice::schedule
