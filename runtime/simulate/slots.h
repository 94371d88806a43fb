// The places of a server that serves so many requests at once: the rest queue, first come first
// served. More in flight then brings latency, not throughput.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>
#include <vector>

#include "core/clock.h"

namespace sluice::simulate {

class Slots {
 public:
  // 0 = as many as come.
  explicit Slots(int count = 0) { resize(core::Time::min(), count); }

  // From `now` on there are so many; what has been taken keeps its place.
  void resize(core::Time now, int count) {
    const auto wanted = static_cast<std::size_t>(std::max(0, count));
    while (free_.size() < wanted) free_.push(now);
    while (free_.size() > wanted) free_.pop();
  }

  // How long a request that arrives now and takes `service` is there for.
  core::Duration occupy(core::Time now, core::Duration service) {
    if (free_.empty()) return service;
    const core::Time done = std::max(now, free_.top()) + service;
    free_.pop();
    free_.push(done);
    return done - now;
  }

 private:
  // When each is free: as they are taken in turn, this is all there is to know.
  std::priority_queue<core::Time, std::vector<core::Time>, std::greater<>> free_;
};

}  // namespace sluice::simulate
