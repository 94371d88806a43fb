// How long an endpoint takes: quantiles of its latest answers, for hedging and for the deadline.
//
// A histogram with eight buckets to the octave (a quantile is at most 9 % too high), from 1 ms to
// 18 hours. Every kMemory answers all counts are halved, so that the past fades.
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
};

}  // namespace sluice::schedule
