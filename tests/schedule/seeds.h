// How much the simulations take upon themselves, decided here for all of them.
//
//   SLUICE_SEED, SLUICE_SEEDS   as in tests/seeds.h
//   SLUICE_RUNS=n               so many seeds for each named simulation, instead of one
#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tests/seeds.h"

namespace sluice::schedule {

constexpr std::uint64_t kScenarios = kFastBuild ? 10'000 : 1000;

// The scenarios are dealt out to so many tests, which can run side by side.
constexpr std::uint64_t kShards = 8;

inline std::vector<std::uint64_t> scenarios_of_shard(std::uint64_t shard) {
  return seeds_of_shard(shard, kShards, kScenarios);
}

// Of the simulations that have a name of their own.
inline std::vector<std::uint64_t> named_seeds() {
  const char* runs = std::getenv("SLUICE_RUNS");
  const std::uint64_t last = runs != nullptr ? std::strtoull(runs, nullptr, 10) : 1;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seed <= last; ++seed) seeds.push_back(seed);
  return seeds;
}

}  // namespace sluice::schedule
