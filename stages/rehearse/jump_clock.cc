#include "rehearse/jump_clock.h"

#include <algorithm>

namespace sluice::rehearse {
namespace {

constexpr core::WallTime kStart{std::chrono::seconds(1'767'225'600)};
constexpr std::chrono::milliseconds kAskAgain{1};

}  // namespace

core::Time JumpClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

core::WallTime JumpClock::wall_now() const {
  return kStart + now().time_since_epoch();
}

core::Duration JumpClock::machine_wait(core::Time until) const {
  const bool skip = !nothing_runs_ || nothing_runs_();
  const std::lock_guard lock(mutex_);
  if (until > now_ && !skip) return kAskAgain;
  now_ = std::max(now_, until);
  return core::Duration::zero();
}

}  // namespace sluice::rehearse
