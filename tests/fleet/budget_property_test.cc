// Random fleets that share a budget, with random faults; a failing seed is a bug report (seeds.h).
#include <gtest/gtest.h>

#include <random>

#include "budget_world.h"
#include "seeds.h"

namespace sluice::fleet {
namespace {

class BudgetFaults {
 public:
  explicit BudgetFaults(std::uint64_t seed) : random_(seed), world_(seed ^ 0xB0D6E7, scenario()) {
    const std::uint64_t members = 1 + below(10);
    for (std::uint64_t i = 0; i < members; ++i) joined_.push_back(world_.join());
    if (below(3) == 0) world_.slow_store(Ms(50 + static_cast<std::int64_t>(below(300))));
    if (below(4) == 0) world_.lose_replies(0.1);
  }

  bool play() {
    for (int i = 0; i < 12; ++i) {
      if (!world_.play(Ms(static_cast<std::int64_t>(below(8000))))) return false;
      strike();
    }
    // All that can be is well again, and one that lives is there in any case: everything has to be spent.
    world_.lose_replies(0);
    world_.slow_store(Ms(2));
    for (const std::size_t one : joined_) {
      world_.stop(one, false);
      world_.cut_off(one, false);
    }
    joined_.push_back(world_.join());
    for (int i = 0; i < 120 && !(i > 3 && world_.drained()); ++i)
      if (!world_.play(Ms(10'000))) return false;
    return true;
  }
  std::string told() const { return world_.broken() + "\n" + log_; }
  const BudgetWorld& world() const { return world_; }
  Amount total() const { return total_; }

 private:
  static constexpr const char* kFaults[] = {"join",    "leave",   "kill",      "stop", "resume",
                                            "cut off", "connect", "roll back", "lose", "clock"};
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::size_t any() { return joined_[below(joined_.size())]; }

  BudgetScenario scenario() {
    BudgetScenario scenario;
    scenario.worst = 200;
    scenario.slowest = Ms(2'000);
    total_ = scenario.total = 50'000 + static_cast<Amount>(below(400'000));
    return scenario;
  }

  void strike() {
    const std::uint64_t fault = below(10);
    log_ += std::to_string(world_.now().count()) + " ms: " + kFaults[fault] + "\n";
    switch (fault) {
      case 0:
        joined_.push_back(world_.join());
        break;
      case 1:
        world_.leave(any());
        break;
      case 2:
        world_.kill(any());
        break;
      case 3:
        world_.stop(any(), true);
        break;
      case 4:
        for (const std::size_t one : joined_) world_.stop(one, false);
        break;
      case 5:
        world_.cut_off(any(), true);
        break;
      case 6:
        for (const std::size_t one : joined_) world_.cut_off(one, false);
        break;
      case 7:
        world_.roll_back_store(Ms(static_cast<std::int64_t>(below(1001))));
        break;
      case 8:
        world_.lose_store();
        break;
      case 9: {
        // Two jumps within a lease are more than is promised (pool.h).
        if (world_.now() - jumped_ < Ms(13'000)) break;
        jumped_ = world_.now();
        world_.set_store_clock(Ms(static_cast<std::int64_t>(below(7'200'000))) - Ms(3'600'000));
      }
    }
  }

  std::mt19937_64 random_;
  Amount total_ = 0;
  BudgetWorld world_;
  std::vector<std::size_t> joined_;
  Ms jumped_{-100'000};
  std::string log_;
};

class BudgetProperty : public testing::TestWithParam<std::uint64_t> {};

TEST_P(BudgetProperty, IsNeverPassedAndNearlyAllOfItIsSpentWhateverTheFaults) {
  for (const std::uint64_t seed : fleets_of_shard(GetParam())) {
    BudgetFaults faults(seed);
    ASSERT_TRUE(faults.play()) << faults.told() << how_to_replay(seed);
    ASSERT_TRUE(faults.world().drained()) << faults.told() << how_to_replay(seed);
    const double spent =
        static_cast<double>(faults.world().committed()) / static_cast<double>(faults.total());
    ASSERT_GE(spent, 0.97) << faults.told() << how_to_replay(seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, BudgetProperty, testing::Range<std::uint64_t>(0, kShards));

}  // namespace
}  // namespace sluice::fleet
