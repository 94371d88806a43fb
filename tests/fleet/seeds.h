// How many random fleets are played (tests/seeds.h); 10,000 and more in the long suite.
#pragma once

#include "tests/seeds.h"

namespace sluice::fleet {

constexpr std::uint64_t kScenarios = kFastBuild ? 600 : 60;
constexpr std::uint64_t kShards = 4;

inline std::vector<std::uint64_t> fleets_of_shard(std::uint64_t shard) {
  return seeds_of_shard(shard, kShards, kScenarios);
}

}  // namespace sluice::fleet
