#include "simulate/latency.h"

#include <algorithm>
#include <cmath>

namespace sluice::simulate {
namespace {

constexpr double kLongestLatency = 86'400e9;  // whatever is drawn, time arithmetic stays sound

double progress(double done, double whole) {
  return whole <= 0 ? 0 : std::min(1.0, done / whole);
}

}  // namespace

Latency::Latency(const ServerSpec& model) : model_(model) {}

core::Time Latency::served(core::Time now, Random& random) {
  const double drawn = static_cast<double>(model_.latency.count()) *
                       random.log_normal(model_.latency_spread) *
                       (1 + (model_.cold.factor - 1) * coldness(now));
  ++served_since_;
  const core::Duration takes(static_cast<std::int64_t>(std::min(drawn, kLongestLatency)));
  for (; knee_ < model_.slots.size() && now >= core::Time(model_.slots[knee_].from); ++knee_)
    slots_.resize(now, std::max(1, model_.slots[knee_].count));
  return now + slots_.occupy(now, takes);
}

// 1 = just started, 0 = warm.
double Latency::coldness(core::Time now) {
  if (model_.cold.factor == 1) return 0;
  for (; outage_ < model_.outages.size(); ++outage_) {
    const core::Time back = core::Time(model_.outages[outage_].to);
    if (now < back) break;
    cold_since_ = back;
    served_since_ = 0;
  }
  const auto seconds = [](core::Duration d) { return std::chrono::duration<double>(d).count(); };
  const double by_time = progress(seconds(now - cold_since_), seconds(model_.cold.lasts));
  const double by_requests =
      progress(static_cast<double>(served_since_), static_cast<double>(model_.cold.requests));
  return 1 - std::max(by_time, by_requests);
}

}  // namespace sluice::simulate
