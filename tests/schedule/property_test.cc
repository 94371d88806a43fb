// Random scenarios, many thousands of them; a failing seed is a bug report (see seeds.h).
//
//   Referee  outcomes drawn at random: every class of failure, in every order
//   Auditor  modelled servers (simulate/server_spec.h): limits, queues, outages, lies, in time
#include <gtest/gtest.h>

#include <string>

#include "auditor.h"
#include "referee.h"
#include "seeds.h"

namespace sluice::schedule {
namespace {

std::string last_of(const std::string& log) {
  return "\nthe last actions:\n" + log.substr(log.size() > 2000 ? log.size() - 2000 : 0);
}

class Property : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Property, EveryInvariantHoldsWhateverTheOutcomes) {
  for (const std::uint64_t seed : scenarios_of_shard(GetParam())) {
    Referee referee(seed);
    ASSERT_EQ(referee.play(), "") << how_to_replay(seed) << last_of(referee.log());
  }
}

TEST_P(Property, EveryInvariantHoldsWhateverTheServers) {
  for (const std::uint64_t seed : scenarios_of_shard(GetParam())) {
    const Scenario scenario(seed);
    Auditor auditor(scenario);
    ASSERT_EQ(auditor.play(), "") << how_to_replay(seed) << last_of(auditor.log());
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, Property, testing::Range<std::uint64_t>(0, kShards));

TEST(Replay, TheSameSeedMakesTheSameActions) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Referee first(seed), second(seed);
    first.play();
    second.play();
    ASSERT_EQ(first.log(), second.log()) << seed;
    ASSERT_NE(first.log(), "") << seed;
    const Scenario scenario(seed);
    Auditor once(scenario), again(scenario);
    once.play();
    again.play();
    ASSERT_EQ(once.log(), again.log()) << seed;
    ASSERT_NE(once.log(), "") << seed;
  }
}

}  // namespace
}  // namespace sluice::schedule
