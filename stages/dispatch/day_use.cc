#include "dispatch/day_use.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "schedule/quota.h"

namespace sluice::dispatch {
namespace {

std::int64_t seconds_of(core::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::uint64_t whole(double units) {
  return static_cast<std::uint64_t>(std::ceil(std::max(0.0, units)));
}

}  // namespace

schedule::DayUsed used_now(std::span<const store::DayUse> kept, const provider::Limits& limits,
                           core::WallTime now) {
  const double requests = limits[provider::Quota::requests_per_day].value_or(0);
  const double tokens = limits[provider::Quota::tokens_per_day].value_or(0);
  schedule::DayUsed used;
  for (const store::DayUse& use : kept) {
    const core::Duration age = std::chrono::seconds(use.at == 0 ? 0 : seconds_of(now) - use.at);
    const auto left = [age](std::uint64_t units, double per_day) {
      return schedule::still_used(static_cast<double>(units), per_day, age);
    };
    used.requests = std::max(used.requests, left(use.requests, requests));
    used.tokens = std::max(used.tokens, left(use.tokens, tokens));
  }
  return used;
}

store::DayUse to_keep(const schedule::DayUsed& used, core::WallTime now) {
  return {.requests = whole(used.requests), .tokens = whole(used.tokens), .at = seconds_of(now)};
}

}  // namespace sluice::dispatch
