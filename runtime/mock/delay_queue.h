// Work that is due at different times, on one timer: a timer of the event loop for each answer
// would cost more than the answer.
//
// Threads: the loop's. Bound: the connections' own (a peer that waits for an answer sends little
// more).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "net/loop.h"

namespace sluice::mock {

class DelayQueue {
 public:
  DelayQueue(net::Loop& loop, const core::Clock& clock);

  // Runs `work` `delay` from now; in the order of adding where two are due at once.
  void add(core::Duration delay, std::function<void()> work);

 private:
  struct Entry {
    core::Time due;
    std::uint64_t number;
    std::function<void()> work;
  };
  static bool later(const Entry& a, const Entry& b);
  void run_due();
  void arm();

  const core::Clock& clock_;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::vector<Entry> heap_;  // the earliest at the front
  std::uint64_t number_ = 0;
};

}  // namespace sluice::mock
