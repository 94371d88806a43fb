#include "rehearse/jump_clock.h"

namespace sluice::rehearse {
namespace {

constexpr core::WallTime kStart{std::chrono::seconds(1'767'225'600)};
// Long enough for what is under way on other threads to arrive first, most times.
constexpr std::chrono::milliseconds kWait{1};

}  // namespace

core::Time JumpClock::now() const {
  const std::lock_guard lock(mutex_);
  if (jump_ && std::chrono::steady_clock::now() >= jump_->due) {
    now_ = std::max(now_, jump_->to);
    jump_.reset();
  }
  return now_;
}

core::WallTime JumpClock::wall_now() const {
  return kStart + now().time_since_epoch();
}

core::Duration JumpClock::machine_wait(core::Time until) const {
  const std::lock_guard lock(mutex_);
  if (until <= now_) return core::Duration::zero();
  jump_ = Jump{until, std::chrono::steady_clock::now() + kWait};
  return kWait;
}

}  // namespace sluice::rehearse
