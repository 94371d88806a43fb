// Time comes in from outside (docs/style.md, Seams): what decides takes a Time as a parameter, what must wait is
// given a Clock. Tests and the simulator hold the clock in their hand.
//
// `Time` is monotonic, in nanoseconds from an arbitrary start; it is never stored. `WallTime` is
// UTC, in nanoseconds from the Unix epoch; it is for records and for reading dates off the wire.
#pragma once

#include <algorithm>
#include <chrono>

namespace sluice::core {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline double in_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual WallTime wall_now() const = 0;
  // How long a timer of the machine should run so that now() has reached `until` when it fires.
  virtual Duration machine_wait(Time until) const {
    return std::max(until - now(), Duration::zero());
  }
};

// The machine's clocks. Any thread.
class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

// A clock that moves only when told to. One thread.
class ManualClock final : public Clock {
 public:
  Time now() const override { return Time(elapsed_); }
  WallTime wall_now() const override { return start_ + elapsed_; }
  void advance(Duration d) { elapsed_ += d; }

 private:
  Duration elapsed_{0};
  WallTime start_{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z
};

}  // namespace sluice::core
