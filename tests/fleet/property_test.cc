// Random fleets with random faults; a failing seed is a bug report (seeds.h).
#include <gtest/gtest.h>

#include <random>

#include "fleet/blob.h"
#include "seeds.h"
#include "world.h"

namespace sluice::fleet {
namespace {

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : random_(seed), world_(seed ^ 0x5EED, limits()) {
    const std::uint64_t members = 1 + below(12);
    for (std::uint64_t i = 0; i < members; ++i) joined_.push_back(world_.join(wants()));
    if (below(3) == 0) world_.slow_store(Ms(50 + static_cast<std::int64_t>(below(800))));
    if (below(4) == 0) world_.lose_replies(0.1);
  }

  bool play() {
    for (int i = 0; i < 20; ++i) {
      if (!world_.play(Ms(static_cast<std::int64_t>(below(8000))))) return false;
      if (!reads_back()) return false;
      strike();
    }
    return world_.play(Ms(30'000));
  }
  // What the store keeps is the whole of the state.
  bool reads_back() {
    const std::string text = encode(world_.state());
    const auto again = decode_pool("", text);
    if (again && encode(*again) == text) return true;
    log_ += "does not read back:\n" + text;
    return false;
  }
  std::string told() const { return world_.broken() + "\n" + log_; }

 private:
  static constexpr const char* kFaults[] = {"join",   "leave",   "kill",    "stop",
                                            "resume", "cut off", "connect", "lose or roll back",
                                            "clock",  "restart"};

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  double wants() { return below(3) == 0 ? static_cast<double>(below(20)) : kAll; }
  std::size_t any() { return joined_[below(joined_.size())]; }

  std::vector<WorldLimit> limits() {
    std::vector<WorldLimit> limits;
    const double caps[] = {0.5, 5, 100, 1e4};
    limits.push_back({{.name = "requests", .stated = caps[below(4)]}, 1});
    if (below(2) == 0) limits.push_back({{.name = "tokens", .stated = 3e4}, 2000});
    if (below(2) == 0)
      limits.push_back(
          {{.name = "slots", .kind = Kind::slots, .stated = double(1 + below(20))}, 1});
    return limits;
  }

  void strike() {
    const std::uint64_t fault = below(10);
    log_ += std::to_string(world_.now().count()) + " ms: " + kFaults[fault] + "\n";
    switch (fault) {
      case 0:
        joined_.push_back(world_.join(wants()));
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
        if (below(2) == 0)
          world_.lose_store();
        else
          world_.roll_back_store(Ms(static_cast<std::int64_t>(below(1001))));
        break;
      case 8: {
        // Two jumps within a lease are more than is promised (pool.h).
        if (world_.now() - jumped_ < Ms(13'000)) break;
        jumped_ = world_.now();
        world_.set_store_clock(Ms(static_cast<std::int64_t>(below(7'200'000))) - Ms(3'600'000));
        break;
      }
      case 9: {
        std::size_t& one = joined_[below(joined_.size())];
        one = world_.restart(one);
        break;
      }
    }
  }

  std::mt19937_64 random_;
  World world_;
  std::vector<std::size_t> joined_;
  Ms jumped_{-100'000};
  std::string log_;
};

class Property : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Property, NoLimitIsPassedAndNobodyStarvesWhateverTheFaults) {
  for (const std::uint64_t seed : fleets_of_shard(GetParam())) {
    Faults faults(seed);
    ASSERT_TRUE(faults.play()) << faults.told() << how_to_replay(seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, Property, testing::Range<std::uint64_t>(0, kShards));

}  // namespace
}  // namespace sluice::fleet
