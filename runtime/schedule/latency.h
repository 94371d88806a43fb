// How long an endpoint takes: quantiles and mean of its latest answers, for hedging and for the
// deadline.
//
// A histogram with eight buckets to the octave (a quantile is at most 9 % too high), from 1 ms to
// 18 hours. Every kMemory answers all counts are halved, so that the past fades. The mean is one of
// all answers at first, and from the kMeanOf-th on an exponentially weighted one.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace sluice::schedule {

class Latency {
 public:
  static constexpr std::uint32_t kFewest = 30;
  static constexpr std::uint32_t kMemory = 1024;

  void add(core::Duration taken);
  // nullopt until kFewest answers have come; as of the last multiple of kEvery.
  const std::optional<core::Duration>& median() const { return median_; }
  const std::optional<core::Duration>& tail() const { return tail_; }  // 95 %
  // From the first answer on.
  const std::optional<core::Duration>& mean() const { return mean_; }
  // 99.5 % of the answers took no longer; until kFewest have come, none did.
  const std::optional<core::Duration>& slowest() const { return slowest_; }

 private:
  static constexpr std::uint32_t kEvery = 16;
  core::Duration quantile(double share) const;

  static constexpr int kPerOctave = 8;
  static constexpr int kBuckets = 26 * kPerOctave;
  std::array<std::uint32_t, kBuckets> counts_{};
  std::uint32_t total_ = 0;
  std::uint32_t since_halved_ = 0;
  std::optional<core::Duration> median_;
  std::optional<core::Duration> tail_;
  static constexpr std::uint32_t kMeanOf = 128;
  std::uint32_t answers_ = 0;  // kMeanOf at most
  std::optional<core::Duration> mean_;
  std::optional<core::Duration> slowest_;
};

}  // namespace sluice::schedule
