#include "schedule/shares.h"

#include <algorithm>

namespace sluice::schedule {
namespace {

using provider::kQuotas;
using provider::Quota;

constexpr core::Duration kWindow = std::chrono::seconds(1);

// As QuotaSet's: requests come evenly, tokens in larger pieces.
double burst_of(std::size_t quota, double per_second) {
  const bool requests = static_cast<Quota>(quota) == Quota::requests_per_minute;
  return requests ? 1 + 0.05 * per_second : std::max(1.0, per_second);
}

}  // namespace

void Shares::grant(core::Time now, const Share& share) {
  shared_ = true;
  until_ = share.until;
  slots_ = share.slots.value_or(std::numeric_limits<int>::max());
  for (std::size_t q = 0; q < kQuotas; ++q) {
    of_[q] = share.per_second[q].has_value();
    permit_[q] = share.permit[q];
    const double rate = share.per_second[q].value_or(0);
    auto& bucket = buckets_[q];
    if (rate <= 0) {
      bucket.reset();
    } else if (!bucket) {
      bucket.emplace(rate, kWindow, burst_of(q, rate));
      bucket->begin(now, 0);
    } else if (rate != bucket->limit()) {
      bucket->set_limit(now, rate, burst_of(q, rate));
    }
  }
}

bool Shares::by_permit(std::size_t quota, double units) const {
  return permit_[quota] > 0 && units <= permit_[quota];
}

core::Time Shares::earliest(core::Time now, const Tokens& tokens) const {
  if (!shared_) return now;
  core::Time when = now;
  for (std::size_t q = 0; q < kQuotas; ++q) {
    const double units = units_of(static_cast<Quota>(q), tokens);
    if (!of_[q] || by_permit(q, units)) continue;
    const auto& bucket = buckets_[q];
    if (!bucket || units > kPatience * bucket->limit()) return core::Time::max();
    when = std::max(when, bucket->earliest(now, units));
  }
  return when < until_ ? when : core::Time::max();
}

double Shares::per_second(core::Time now, const Tokens& tokens) const {
  double least = std::numeric_limits<double>::infinity();
  if (!shared_) return least;
  if (now >= until_) return 0;
  for (std::size_t q = 0; q < kQuotas; ++q) {
    const double units = units_of(static_cast<Quota>(q), tokens);
    if (!of_[q] || units <= 0) continue;
    least = std::min(least, buckets_[q] ? buckets_[q]->limit() / units : 0);
  }
  return least;
}

void Shares::reserve(core::Time now, const Tokens& tokens) {
  if (!shared_) return;
  for (std::size_t q = 0; q < kQuotas; ++q) {
    if (!of_[q]) continue;
    const double units = units_of(static_cast<Quota>(q), tokens);
    used_[q] += units;
    const bool in_turn =
        buckets_[q] && units <= kPatience * buckets_[q]->limit() && buckets_[q]->fits(now, units);
    if (!in_turn && by_permit(q, units)) {
      permit_[q] = 0;
      ++permits_used_[q];
    } else if (buckets_[q]) {
      buckets_[q]->reserve(now, units);
    }
  }
}

void Shares::settle(core::Time now, const Tokens& reserved, const provider::Outcome& outcome) {
  if (!shared_) return;
  for (std::size_t q = 0; q < kQuotas; ++q) {
    if (!of_[q]) continue;
    const double units = units_of(static_cast<Quota>(q), reserved);
    const double actual = actual_units(static_cast<Quota>(q), units, outcome);
    used_[q] += actual - units;
    if (buckets_[q]) buckets_[q]->settle(now, units, actual);
  }
}

}  // namespace sluice::schedule
