#include "schedule/latency.h"

#include <algorithm>
#include <cmath>

namespace sluice::schedule {
namespace {

constexpr double kShortestMs = 1;

}  // namespace

void Latency::add(core::Duration taken) {
  const double ms = std::chrono::duration<double, std::milli>(taken).count();
  const double place = std::log2(std::max(ms, kShortestMs) / kShortestMs) * kPerOctave;
  ++counts_[std::min<std::size_t>(static_cast<std::size_t>(place), kBuckets - 1)];
  ++total_;
  answers_ = std::min(answers_ + 1, kMeanOf);
  mean_ = mean_ ? *mean_ + (taken - *mean_) / answers_ : taken;
  if (total_ < kFewest) slowest_ = std::max(slowest_.value_or(taken), taken);
  if (++since_halved_ == kMemory) {
    since_halved_ = total_ = 0;
    for (std::uint32_t& count : counts_) total_ += count /= 2;
  }
  if (since_halved_ % kEvery != 0 || total_ < kFewest) return;
  median_ = quantile(0.5);
  tail_ = quantile(0.95);
  slowest_ = quantile(0.995);
}

core::Duration Latency::quantile(double share) const {
  const auto wanted = static_cast<std::uint32_t>(std::ceil(share * total_));
  std::uint32_t seen = 0;
  std::size_t bucket = 0;
  while (bucket < kBuckets - 1 && (seen += counts_[bucket]) < wanted) ++bucket;
  const double ms = kShortestMs * std::exp2(static_cast<double>(bucket + 1) / kPerOctave);
  return core::Duration(static_cast<std::int64_t>(ms * 1e6));
}

}  // namespace sluice::schedule
