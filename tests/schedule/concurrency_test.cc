#include "schedule/concurrency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <queue>
#include <random>
#include <vector>

#include "seeds.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;

// Keeps as many in flight as allowed, at a server that serves `slots` at once.
class Server {
 public:
  Server(int cap, bool climb, int slots, double sigma = 0.3, double latency = 0.2)
      : concurrency(cap, climb), sigma_(sigma), latency_(latency) {
    for (; slots > 0; --slots) free_.push(now);
  }

  // Answers in `span`; the limits that were in force are in `lowest` and `highest`.
  int run(core::Duration span) {
    int answered = 0;
    for (const core::Time end = now + span; now < end;) {
      while (in_flight_ < concurrency.limit()) send();
      const Flight next = flights_.top();
      flights_.pop();
      now = next.back_at;
      --in_flight_;
      ++answered;
      concurrency.answered(now, next.sent_at, next.epoch);
      lowest = std::min(lowest, concurrency.limit());
      highest = std::max(highest, concurrency.limit());
    }
    return answered;
  }
  void forget_extremes() { lowest = highest = concurrency.limit(); }

  core::Time now{1h};
  Concurrency concurrency;
  int lowest = 1 << 30;
  int highest = 0;

 private:
  struct Flight {
    core::Time back_at;
    core::Time sent_at;
    std::uint32_t epoch = 0;
    bool operator<(const Flight& other) const { return back_at > other.back_at; }
  };
  void send() {
    const double factor = std::exp(sigma_ * std::normal_distribution<>()(random_));
    const core::Time back_at = std::max(free_.top(), now) +
                               core::Duration(static_cast<std::int64_t>(1e9 * latency_ * factor));
    free_.pop();
    free_.push(back_at);
    flights_.push({back_at, now, concurrency.sent(now, ++in_flight_)});
  }

  // When each slot is free again, the next one on top.
  std::priority_queue<core::Time, std::vector<core::Time>, std::greater<>> free_;
  double sigma_;
  double latency_;  // seconds
  std::mt19937_64 random_{7};
  std::priority_queue<Flight> flights_;
  int in_flight_ = 0;
};

TEST(ConcurrencyTest, BeginsAtTheLidWhereAQuotaIsKnownAndClimbsWhereNot) {
  EXPECT_EQ(Concurrency(500, false).limit(), 500);
  EXPECT_EQ(Concurrency(500, true).limit(), Concurrency::kStart);
  EXPECT_EQ(Concurrency(4, true).limit(), 4);
}

TEST(ConcurrencyTest, FewerThanTheLidAreTriedAfterHalfAMinute) {
  Server knee(64, false, 5000);
  knee.run(29s);
  EXPECT_EQ(knee.lowest, 64);
  knee.run(10s);
  EXPECT_LT(knee.lowest, 64);
}

TEST(ConcurrencyTest, ClimbsToTheLidWhereTheServerTakesItAll) {
  Server knee(1000, true, 5000);
  knee.run(10s);
  EXPECT_EQ(knee.concurrency.limit(), 1000);
}

// 3,000 a second with ten seconds each are 30,000 at once; by doubling it took two minutes.
TEST(ConcurrencyTest, ALongLatencyIsClimbedInLeapsSixRoundTripsToThirtyThousand) {
  for (const double latency : {1.0, 10.0}) {
    Server knee(30'000, true, 40'000, 0.1, latency);
    knee.run(
        std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(7 * latency)));
    EXPECT_EQ(knee.concurrency.limit(), 30'000) << latency;
  }
}

TEST(ConcurrencyTest, ALeapPastTheKneeIsTakenBack) {
  for (const int slots : {48, 100, 400}) {
    Server knee(2000, true, slots, 0.3, 2);
    knee.run(60s);
    EXPECT_LE(knee.highest, 6 * slots) << slots;
    knee.run(60s);
    EXPECT_NEAR(knee.concurrency.limit(), slots, 0.4 * slots) << slots << ", or a trial";
  }
}

class SettlesAt : public testing::TestWithParam<int> {};

TEST_P(SettlesAt, TheKneeWithinTwentyPercentAndStaysThere) {
  const int slots = GetParam();
  Server knee(2000, true, slots);
  knee.run(120s);
  knee.forget_extremes();
  const int answered = knee.run(600s);
  EXPECT_NEAR(knee.concurrency.limit(), slots, 0.2 * slots);
  EXPECT_GE(knee.lowest, 0.75 * slots);
  EXPECT_LE(knee.highest, 1.4 * slots) << "a trial";
  const double best = slots / (0.2 * std::exp(0.3 * 0.3 / 2));
  EXPECT_GE(answered / 600.0, 0.97 * best);
}

INSTANTIATE_TEST_SUITE_P(Capacity, SettlesAt,
                         testing::ValuesIn(kFastBuild ? std::vector{48, 64, 100, 400}
                                                      : std::vector{48}));

TEST(ConcurrencyTest, ComesDownFromALidThatIsTooHigh) {
  Server knee(512, false, 64);
  knee.run(600s);
  EXPECT_NEAR(knee.concurrency.limit(), 64, 0.25 * 64);
}

TEST(ConcurrencyTest, ComesDownToASingleSlot) {
  Server knee(256, true, 1, 0.1);
  knee.run(3h);
  EXPECT_LE(knee.concurrency.limit(), 3);
}

TEST(ConcurrencyTest, LearnsNothingWhileSomethingElseIsTheLimit) {
  Concurrency concurrency(256, true);
  core::Time now{1h};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint32_t epoch = concurrency.sent(now, 5);
    now += 10ms;
    concurrency.answered(now, now - 10ms, epoch);
  }
  EXPECT_EQ(concurrency.limit(), Concurrency::kStart);
}

TEST(ConcurrencyTest, OverloadTakesThirtyPercentOncePerRejectionBurst) {
  Concurrency concurrency(100, false);
  const core::Time now{1h};
  concurrency.overloaded(now, now - 1s);
  EXPECT_EQ(concurrency.limit(), 70);
  concurrency.overloaded(now + 1ms, now - 1s);
  EXPECT_EQ(concurrency.limit(), 70);
  concurrency.overloaded(now + 2s, now + 1s);
  EXPECT_EQ(concurrency.limit(), 49);
}

TEST(ConcurrencyTest, ClimbsAgainAfterAnOutage) {
  Server knee(1000, true, 5000);
  knee.run(10s);
  knee.concurrency.restart();
  EXPECT_EQ(knee.concurrency.limit(), Concurrency::kStart);
  knee.run(10s);
  EXPECT_EQ(knee.concurrency.limit(), 1000);
}

}  // namespace
}  // namespace sluice::schedule
