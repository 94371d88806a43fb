#include "schedule/breaker.h"

#include <algorithm>

namespace sluice::schedule {
namespace {

constexpr std::int64_t kShortWindow = 10;  // slots
constexpr core::Duration kRest = std::chrono::minutes(1);
constexpr RetryPolicy kWaits{
    .attempts = 0, .base = std::chrono::seconds(1), .cap = std::chrono::seconds(30)};

std::int64_t second_of(core::Time now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

BreakerState Breaker::state(core::Time now) const {
  if (phase_ == Phase::closed) return BreakerState::closed;
  return phase_ == Phase::open && now < until_ ? BreakerState::open : BreakerState::half_open;
}

core::Time Breaker::earliest(core::Time now) const {
  switch (phase_) {
    case Phase::closed:
      return now;
    case Phase::open:
      return std::max(now, until_);
    case Phase::half_open:
      return probes_ < kProbes ? now : core::Time::max();
  }
  return now;
}

bool Breaker::sent(core::Time now) {
  half_open_if_due(now);
  if (phase_ == Phase::closed) return false;
  ++probes_;
  return true;
}

void Breaker::passed(core::Time now, core::Time sent_at, bool probe) {
  if (probe) --probes_;
  ++slot(now).passed;
  if (sent_at > opened_at_) row_ = 0;
  if (phase_ != Phase::half_open || !probe || sent_at < until_) return;
  if (++probes_passed_ < kProbes) return;
  phase_ = Phase::closed;
  closed_at_ = now;
  slots_ = {};
}

void Breaker::failed(core::Time now, core::Time sent_at, bool probe, bool alternate,
                     Jitter& jitter) {
  if (count(now, sent_at, probe, jitter) && too_much(now, alternate)) open_afresh(now, jitter);
}

void Breaker::down(core::Time now, core::Time sent_at, bool probe, Jitter& jitter) {
  if (count(now, sent_at, probe, jitter)) open_afresh(now, jitter);
}

bool Breaker::count(core::Time now, core::Time sent_at, bool probe, Jitter& jitter) {
  if (probe) --probes_;
  if (phase_ == Phase::half_open) {
    if (probe && sent_at >= until_) open(now, jitter);
    return false;
  }
  if (phase_ == Phase::open || sent_at <= opened_at_) return false;
  ++slot(now).failed;
  ++row_;
  return true;
}

void Breaker::open_afresh(core::Time now, Jitter& jitter) {
  if (closed_at_ == core::Time::min() || now - closed_at_ > kRest) waits_ = 0;
  open(now, jitter);
}

void Breaker::no_verdict(bool probe) {
  if (probe) --probes_;
}

Breaker::Slot& Breaker::slot(core::Time now) {
  const std::int64_t second = std::max(newest_, second_of(now));
  for (std::int64_t s = std::max(newest_ + 1, second - kSlots + 1); s <= second; ++s)
    slots_[static_cast<std::size_t>(s % kSlots)] = {};
  newest_ = second;
  return slots_[static_cast<std::size_t>(second % kSlots)];
}

bool Breaker::too_much(core::Time now, bool alternate) {
  if (row_ >= (alternate ? kRow : 2 * kRow)) return true;
  slot(now);  // lets go of what is old
  std::uint64_t failed = 0;
  std::uint64_t all = 0;
  for (std::int64_t back = 0; back < kSlots && back <= newest_; ++back) {
    if (back == kShortWindow && all >= kLeast) break;
    const Slot& s = slots_[static_cast<std::size_t>((newest_ - back) % kSlots)];
    failed += s.failed;
    all += s.failed + s.passed;
  }
  const double most = alternate ? kMostFailures : kMostFailuresAlone;
  return all >= kLeast && static_cast<double>(failed) > most * static_cast<double>(all);
}

void Breaker::open(core::Time now, Jitter& jitter) {
  const core::Duration longest = ceiling(kWaits, waits_++);
  phase_ = Phase::open;
  opened_at_ = now;
  until_ = now + longest / 2 + jitter.up_to(longest / 2);
  row_ = 0;
  probes_passed_ = 0;
  ++times_opened_;
}

void Breaker::half_open_if_due(core::Time now) {
  if (phase_ == Phase::open && now >= until_) phase_ = Phase::half_open;
}

}  // namespace sluice::schedule
