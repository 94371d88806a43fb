#include "telemetry/span_queue.h"

#include <algorithm>

namespace sluice::telemetry {

std::vector<SpanRecord> SpanQueue::take(std::size_t most) {
  std::vector<SpanRecord> out;
  out.reserve(std::min(most, records_.size()));  // not while the other thread may wait
  const std::lock_guard lock(mutex_);
  const std::size_t taken = std::min(most, count_);
  for (std::size_t i = 0; i < taken; ++i) out.push_back(records_[(first_ + i) % records_.size()]);
  first_ = (first_ + taken) % records_.size();
  count_ -= taken;
  return out;
}

}  // namespace sluice::telemetry
