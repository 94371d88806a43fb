#include "schedule/retry.h"

#include <algorithm>

namespace sluice::schedule {
namespace {

constexpr core::Duration kMostSpread = std::chrono::seconds(10);
// Of one request, which is no crowd.
constexpr core::Duration kLeastSpread = std::chrono::milliseconds(50);

// The jitter on top of a hint: a tenth of it, so that a crowd which was told the same moment does
// not return in one.
core::Duration spread(core::Duration hint, const RetryPolicy& policy) {
  return std::min(std::max(hint / 10, policy.base), kMostSpread);
}

core::Duration bounded(core::Duration hint) {
  return std::clamp(hint, core::Duration::zero(), kLongestHint);
}

core::Duration scaled(core::Duration d, double fraction) {
  return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * fraction));
}

}  // namespace

core::Duration Jitter::up_to(core::Duration most) {
  return scaled(most, fraction());
}

core::Duration ceiling(const RetryPolicy& policy, int n) {
  core::Duration wait = policy.base;
  for (int i = 0; i < n && wait < policy.cap; ++i) wait *= 2;
  return std::min(wait, policy.cap);
}

core::Duration back_off(const RetryPolicy& policy, int failures,
                        const std::optional<core::Duration>& hint, Jitter& jitter) {
  const core::Duration wait = jitter.up_to(ceiling(policy, failures - 1));
  if (!hint) return wait;
  const core::Duration asked = bounded(*hint);
  return std::max(wait, asked + jitter.up_to(std::clamp(asked / 10, kLeastSpread, kMostSpread)));
}

core::Time RetryBudget::take(core::Time now) {
  if (saved_ > 0) {
    --saved_;
    return now;
  }
  next_ = std::max(now, next_ + kApart);
  return next_;
}

void CoolDown::begin(core::Time now, core::Time sent_at, const std::optional<core::Duration>& hint,
                     const RetryPolicy& policy, Jitter& jitter) {
  if (count(now, sent_at, hint, jitter))
    wait(now, ceiling(policy, rejection_bursts_ - 1), hint, policy);
}

void CoolDown::begin_for_rate(core::Time now, core::Time sent_at,
                              const std::optional<core::Duration>& hint, const RetryPolicy& policy,
                              Jitter& jitter) {
  if (!count(now, sent_at, hint, jitter)) return;
  if (rejection_bursts_ > 1 || hint)
    wait(now, ceiling(policy, std::max(0, rejection_bursts_ - 2)), hint, policy);
}

bool CoolDown::count(core::Time now, core::Time sent_at, const std::optional<core::Duration>& hint,
                     Jitter& jitter) {
  if (sent_at > began_) {
    began_ = now;
    ++rejection_bursts_;
    fraction_ = jitter.fraction();
    return true;
  }
  return hint || !active(now);
}

void CoolDown::wait(core::Time now, core::Duration longest,
                    const std::optional<core::Duration>& hint, const RetryPolicy& policy) {
  const core::Duration wait =
      hint ? bounded(*hint) + scaled(spread(bounded(*hint), policy), fraction_)
           : longest / 2 + scaled(longest / 2, fraction_);
  until_ = std::max(until_, now + wait);
}

void CoolDown::answered(core::Time sent_at) {
  if (sent_at > began_) rejection_bursts_ = 0;
}

}  // namespace sluice::schedule
