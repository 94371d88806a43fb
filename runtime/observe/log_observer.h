// Those events of a run that its log has (events.h), as its lines.
//
// Threads: that of the event; the sink is called on it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "observe/observer.h"

namespace sluice::observe {

class LogObserver final : public Observer {
 public:
  // Takes a line without its end. Called on several threads, also at once.
  using Sink = std::function<void(const std::string& json)>;

  // `endpoints`: their names, in the pipeline's order. `clock` outlives it.
  LogObserver(std::vector<std::string> endpoints, const core::Clock& clock, Sink sink)
      : endpoints_(std::move(endpoints)), clock_(clock), sink_(std::move(sink)) {}

  void on(const BatchChanged& event) override;
  using Observer::on;

 private:
  const std::vector<std::string> endpoints_;
  const core::Clock& clock_;
  const Sink sink_;
};

}  // namespace sluice::observe
