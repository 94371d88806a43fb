#include <algorithm>
#include <array>
#include <cmath>

#include "plan/ways.h"
#include "simulate/batch_model.h"
#include "simulate/random.h"

namespace sluice::plan {
namespace {

constexpr std::size_t kTimes = 400;       // that are drawn
constexpr std::size_t kMostBatches = 64;  // more of them are no slower together
constexpr double kOverhead = 2;           // seconds: until it is handed over, and its end is seen
constexpr core::Duration kRegime = std::chrono::hours(6);

}  // namespace

Figure batch_seconds(const BatchService& service, double lines, std::size_t batches) {
  const auto count = std::clamp<std::size_t>(batches, 1, kMostBatches);
  if (service.takes) {
    // A service is fast or slow for all batches of a time, so that many take hardly longer than one.
    return {std::min(service.window, service.takes->value) + kOverhead, service.takes->spread,
            service.takes->origin};
  }
  std::array<double, kTimes> slowest{};
  for (std::size_t t = 0; t < kTimes; ++t) {
    simulate::Random random(simulate::kGolden, t);
    const bool slow =
        simulate::is_slow(simulate::BatchRegime::mixed, t, 0, kRegime * static_cast<int>(t));
    for (std::size_t b = 0; b < count; ++b) {
      const simulate::TurnaroundDraws draws{random.next(), random.next(), random.next()};
      const core::Duration takes =
          simulate::turnaround(draws, static_cast<std::uint64_t>(std::max(1.0, lines)), slow);
      slowest[t] = std::max(slowest[t], core::in_seconds(takes));
    }
    slowest[t] = std::min(slowest[t], service.window);
  }
  std::ranges::sort(slowest);
  const double median = slowest[kTimes / 2];
  const double late = slowest[kTimes * 95 / 100];
  const double early = slowest[kTimes * 5 / 100];
  return {median, std::max(std::log(late / median), std::log(median / early)), Origin::prior};
}

}  // namespace sluice::plan
