#include "schedule/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace sluice::schedule {
namespace {

constexpr core::Duration kSlot = std::chrono::seconds(10);
// Nobody waits longer than this without looking again; keeps time arithmetic far from its end.
constexpr double kLongestWait = 400.0 * 86'400e9;

// Rounding must not make a bucket miss by a hair what earliest() promised. The hair is still
// charged, so it does not add up.
double hair(double burst) {
  return 1e-12 * std::max(1.0, burst);
}

double nanoseconds(core::Duration d) {
  return static_cast<double>(d.count());
}

}  // namespace

TokenBucket::TokenBucket(double limit, core::Duration window, double burst)
    : limit_(limit),
      window_(window),
      burst_(burst),
      rate_(limit / nanoseconds(window)),
      level_(burst) {}

double TokenBucket::level(core::Time now) const {
  if (at_ == core::Time::min() || now <= at_) return level_;
  return std::min(burst_, level_ + nanoseconds(now - at_) * rate_);
}

bool TokenBucket::fits(core::Time now, double units) const {
  return level(now) + hair(burst_) >= std::min(units, burst_);
}

core::Time TokenBucket::earliest(core::Time now, double units) const {
  const double lacking = std::min(units, burst_) - level(now);
  if (lacking <= hair(burst_)) return now;
  const double wait = std::min(std::ceil(lacking / rate_), kLongestWait);
  return std::max(now, at_) + core::Duration(static_cast<std::int64_t>(wait));
}

double TokenBucket::reserve(core::Time now, double units) {
  refill(now);
  level_ -= units;
  count(now, units);
  return level_ + lost_;
}

void TokenBucket::settle(core::Time now, double reserved, double actual) {
  refill(now);
  level_ += reserved - actual;
  if (level_ > burst_) {
    lost_ += level_ - burst_;
    level_ = burst_;
  }
  count(now, actual - reserved);
}

void TokenBucket::observe(core::Time now, double mark, double remaining) {
  refill(now);
  const double ours = std::min(mark - lost_, level_);  // the lower of then and now
  if (remaining >= ours) return;
  level_ -= ours - remaining;
  lost_ += ours - remaining;
}

void TokenBucket::set_limit(core::Time now, double limit, double burst) {
  refill(now);
  limit_ = limit;
  rate_ = limit / nanoseconds(window_);
  burst_ = burst;
  if (level_ > burst_) {
    lost_ += level_ - burst_;
    level_ = burst_;
  }
}

double TokenBucket::rate_used(core::Time now) const {
  if (slot_ == core::Time::min() || now >= slot_ + 2 * kSlot) return 0;
  double taken = 0;
  if (now >= slot_ + kSlot) {  // the slot has passed since the last count()
    taken = this_slot_ * (1 - nanoseconds(now - slot_ - kSlot) / nanoseconds(kSlot));
  } else {
    taken = this_slot_ + last_slot_ * (1 - nanoseconds(now - slot_) / nanoseconds(kSlot));
  }
  return std::clamp(taken / (rate_ * nanoseconds(kSlot)), 0.0, 1.0);
}

void TokenBucket::refill(core::Time now) {
  if (at_ == core::Time::min()) at_ = now;
  if (now <= at_) return;
  level_ += nanoseconds(now - at_) * rate_;
  at_ = now;
  if (level_ > burst_) {
    lost_ += level_ - burst_;
    level_ = burst_;
  }
}

void TokenBucket::count(core::Time now, double units) {
  if (slot_ == core::Time::min()) slot_ = now;
  if (now >= slot_ + kSlot) {
    last_slot_ = now < slot_ + 2 * kSlot ? this_slot_ : 0;
    this_slot_ = 0;
    slot_ += (now - slot_) / kSlot * kSlot;
  }
  this_slot_ += units;
}

}  // namespace sluice::schedule
