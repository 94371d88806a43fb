#include "simulate/batch_model.h"

#include <algorithm>
#include <cmath>

#include "simulate/random.h"

namespace sluice::simulate {
namespace {

// What batches were seen to take (2026): 1,000 requests some 4 minutes, 10,000 from 14 to 84, 100,000 one to
// three hours; some of ten requests from 8 to 24 hours, and for days all of a model.
constexpr double kMedianOfThousand = 240;  // seconds
constexpr double kBySize = 0.6;            // of the number of lines, as an exponent
constexpr double kLeastMedian = 60;
constexpr double kSigma = 0.8;
constexpr double kTailShare = 0.05;
constexpr double kTailExponent = 0.8;  // Pareto, from kShortestTail times as long
constexpr double kShortestTail = 3;
constexpr double kLongestTail = 300;
constexpr double kSlowFactor = 12;
constexpr double kSlowShare = 0.15;  // of the times, where they are mixed
constexpr core::Duration kRegimeLasts = std::chrono::hours(6);
constexpr core::Duration kLongestCancel = std::chrono::minutes(10);

core::Duration part(core::Duration whole, double share) {
  return core::Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * share));
}

}  // namespace

bool is_slow(BatchRegime regime, std::uint64_t stream, std::uint64_t model, core::Duration now) {
  if (regime != BatchRegime::mixed) return regime == BatchRegime::slow;
  const std::uint64_t time = static_cast<std::uint64_t>(now / kRegimeLasts);
  return unit(mix(stream, model ^ time)) < kSlowShare;
}

core::Duration turnaround(const TurnaroundDraws& draws, std::uint64_t lines, bool slow) {
  const double size =
      std::pow(static_cast<double>(std::max<std::uint64_t>(lines, 1)) / 1000, kBySize);
  double took = std::max(kMedianOfThousand * size, kLeastMedian);
  took *= log_normal(kSigma, draws.radius, draws.angle);
  const double tail = unit(draws.tail);
  if (tail < kTailShare) {
    const double u = 1 - tail / kTailShare;  // (0, 1]
    took *= std::min(kShortestTail * std::pow(u, -1 / kTailExponent), kLongestTail);
  }
  return core::Duration(static_cast<std::int64_t>((slow ? took * kSlowFactor : took) * 1e9));
}

BatchPhases phases_of(core::Duration turnaround) {
  BatchPhases phases;
  phases.validating = part(turnaround, 0.02);
  phases.finalizing = part(turnaround, 0.04);
  phases.running = turnaround - phases.validating - phases.finalizing;
  phases.cancelling = std::min(part(turnaround, 0.05), kLongestCancel);
  return phases;
}

}  // namespace sluice::simulate
