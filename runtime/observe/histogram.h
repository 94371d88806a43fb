// A histogram that counts as quickly as it can: fixed buckets, an index by search.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "observe/metric.h"

namespace sluice::observe {

class Histogram {
 public:
  // `bounds`: upper, inclusive, ascending; they outlive it.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}

  void add(double value) {
    const auto at = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
    ++counts_[static_cast<std::size_t>(at)];
    sum_ += value;
  }
  HistogramValue value() const {
    return {.bounds = {bounds_.begin(), bounds_.end()}, .counts = counts_, .sum = sum_};
  }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

}  // namespace sluice::observe
