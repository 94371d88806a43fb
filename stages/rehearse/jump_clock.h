// A clock that stands still until nothing is left to do but to wait: then what would be waited for
// is skipped. Back-off, pauses and quotas take no time in a test, and nothing in it depends on how
// busy the machine is, since time does not pass while anything runs.
//
// Threads: any; skip_when() before the clock is used.
#pragma once

#include <functional>
#include <mutex>

#include "core/clock.h"

namespace sluice::rehearse {

class JumpClock final : public core::Clock {
 public:
  // Whether nothing runs that may lead to more work at the present time. Asked within
  // machine_wait(), on its thread.
  void skip_when(std::function<bool()> nothing_runs) { nothing_runs_ = std::move(nothing_runs); }

  core::Time now() const override;
  core::WallTime wall_now() const override;  // from 2026-01-01T00:00:00Z
  // Skips to `until` where nothing runs; else how long it takes until it is worth asking again.
  core::Duration machine_wait(core::Time until) const override;

 private:
  std::function<bool()> nothing_runs_;
  mutable std::mutex mutex_;  // guards now_
  mutable core::Time now_{};
};

}  // namespace sluice::rehearse
