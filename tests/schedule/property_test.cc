// Random scenarios: several endpoints, random quotas, faults of every kind, drains, budgets,
// deadlines; every invariant of scheduler.h checked at every step by a referee with its own books.
//
//   SLUICE_SEED=123   plays that one scenario
//   SLUICE_SEEDS=N    plays N of them instead of kScenarios
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "referee.h"

namespace sluice::schedule {
namespace {

constexpr std::uint64_t kScenarios = 1000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Property, EveryInvariantHoldsInRandomScenarios) {
  const std::uint64_t only = from_environment("SLUICE_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : from_environment("SLUICE_SEEDS", kScenarios);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Referee referee(seed);
    const std::string broken = referee.play();
    const std::string& log = referee.log();
    ASSERT_EQ(broken, "") << "replay with SLUICE_SEED=" << seed << "\nthe last actions:\n"
                          << log.substr(log.size() > 2000 ? log.size() - 2000 : 0);
  }
}

TEST(Property, TheSameScenarioMakesTheSameActions) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Referee first(seed), second(seed);
    first.play();
    second.play();
    ASSERT_EQ(first.log(), second.log()) << seed;
    ASSERT_NE(first.log(), "") << seed;
  }
}

}  // namespace
}  // namespace sluice::schedule
