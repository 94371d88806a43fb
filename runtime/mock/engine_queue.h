// Work that is due when a modelled engine has done it (simulate/engine_server.h), on one timer.
//
// Threads: the loop's. Bound: as delay_queue.h's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "core/clock.h"
#include "net/loop.h"
#include "simulate/engine_server.h"

namespace sluice::mock {

class EngineQueue {
 public:
  EngineQueue(net::Loop& loop, const core::Clock& clock, const simulate::Engine& engine);

  // Runs `first` when the first token is there, then `ended`.
  void add(const simulate::EngineShape& shape, std::function<void()> first,
           std::function<void()> ended);

 private:
  struct Work {
    std::function<void()> first;
    std::function<void()> ended;
  };
  void run_due();
  void arm();

  const core::Clock& clock_;
  std::unique_ptr<net::Loop::Timer> timer_;
  simulate::EngineServer server_;
  std::unordered_map<std::uint64_t, Work> works_;
  std::uint64_t number_ = 0;
};

}  // namespace sluice::mock
