#include "schedule/parking.h"

#include <algorithm>
#include <numeric>

namespace sluice::schedule {
namespace {

// Of all, where batches must be relied on anyway.
constexpr double kPilot = 0.05;
// What the online endpoints are given ahead of what giving up takes, in seconds.
constexpr double kAhead = 300;
// From half a day on; below in proportion. In 2026 batches of 1,000 took some minutes, of 10,000 an hour.
constexpr double kLinesOfHalfADay = 10'000;
constexpr double kHalfADay = 12.0 * 3600;
constexpr double kFewestLines = 1000;

}  // namespace

bool parks(const ParkingNeed& need) {
  if (!need.seconds || need.per_second <= 0) return true;
  const double with_this = need.parked + 1;
  const double in_time =
      need.per_second * std::max(0.0, *need.seconds - need.usual - need.giving_up);
  const bool can_be_given_up = kAgain * with_this <= in_time;
  if (!need.left) return can_be_given_up;
  const double all = *need.left + need.parked;
  const double online = need.per_second * std::max(0.0, *need.seconds);
  if (all > online && with_this <= all - online + kPilot * all) return true;
  const double later = need.per_second * std::max(0.0, *need.seconds - need.giving_up);
  return can_be_given_up && all + (kAgain - 1) * with_this <= later;
}

std::vector<std::size_t> late_batches(std::span<const OpenBatch> open, double online_left,
                                      double per_second, double seconds, double giving_up) {
  std::vector<std::size_t> by_lines(open.size());
  std::iota(by_lines.begin(), by_lines.end(), std::size_t{0});
  // The ones with the most to do again first: they have the least hope.
  std::ranges::sort(by_lines, [&](std::size_t a, std::size_t b) {
    return open[a].lines != open[b].lines ? open[a].lines > open[b].lines : a < b;
  });
  double parked = 0;
  for (const OpenBatch& batch : open) (batch.given_up ? online_left : parked) += batch.lines;
  std::vector<std::size_t> late;
  if (per_second <= 0) return late;
  const double can = per_second * std::max(0.0, seconds);
  const double can_later = per_second * std::max(0.0, seconds - giving_up);
  for (const std::size_t i : by_lines) {
    if (online_left + kAgain * parked < can_later) break;
    if (online_left >= per_second * (giving_up + kAhead)) break;
    if (open[i].given_up) continue;
    // Beyond what online can do in time, giving up gains nothing: the batch may still end.
    if (online_left + open[i].lines > can) continue;
    late.push_back(i);
    parked -= open[i].lines;
    online_left += open[i].lines;
  }
  return late;
}

std::uint32_t lines_of_a_batch(std::uint32_t most, std::optional<double> seconds) {
  if (!seconds) return most;
  const double lines =
      std::clamp(kLinesOfHalfADay * *seconds / kHalfADay, kFewestLines, kLinesOfHalfADay);
  return std::min(most, static_cast<std::uint32_t>(lines));
}

}  // namespace sluice::schedule
