// How much a random test takes upon itself, decided here for all of them.
//
//   SLUICE_SEED=n    that one scenario alone: how a failure is replayed
//   SLUICE_SEEDS=n   so many instead of the test's own number
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace sluice {

#if defined(NDEBUG) && !defined(SLUICE_SANITIZED)
constexpr bool kFastBuild = true;
#else
constexpr bool kFastBuild = false;  // ten times slower, or more
#endif

// Of `scenarios`, which are dealt out to so many tests that can run side by side.
inline std::vector<std::uint64_t> seeds_of_shard(std::uint64_t shard, std::uint64_t shards,
                                                 std::uint64_t scenarios) {
  if (const char* one = std::getenv("SLUICE_SEED")) {
    if (shard != 0) return {};
    return {std::strtoull(one, nullptr, 10)};
  }
  const char* many = std::getenv("SLUICE_SEEDS");
  const std::uint64_t last = many != nullptr ? std::strtoull(many, nullptr, 10) : scenarios;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = shard + 1; seed <= last; seed += shards) seeds.push_back(seed);
  return seeds;
}

inline std::string how_to_replay(std::uint64_t seed) {
  return "replay with SLUICE_SEED=" + std::to_string(seed);
}

}  // namespace sluice
