// A clock that stands still until somebody waits: what would be waited for is skipped. Back-off,
// pauses and quotas take no time in a test, and nothing in it depends on how busy the machine is.
//
// Threads: any.
#pragma once

#include <mutex>
#include <optional>

#include "core/clock.h"

namespace sluice::rehearse {

class JumpClock final : public core::Clock {
 public:
  core::Time now() const override;
  core::WallTime wall_now() const override;  // from 2026-01-01T00:00:00Z
  core::Duration machine_wait(core::Time until) const override;

 private:
  mutable std::mutex mutex_;  // guards what follows
  mutable core::Time now_{};
  struct Jump {
    core::Time to;
    std::chrono::steady_clock::time_point due;  // of the machine
  };
  mutable std::optional<Jump> jump_;
};

}  // namespace sluice::rehearse
