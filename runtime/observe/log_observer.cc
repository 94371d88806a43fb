#include "observe/log_observer.h"

#include "observe/events.h"

namespace sluice::observe {

void LogObserver::on(const BatchChanged& event) {
  const std::string_view name =
      event.endpoint < endpoints_.size() ? std::string_view(endpoints_[event.endpoint]) : "";
  sink_(batch_json(event, name, clock_.wall_now()));
}

}  // namespace sluice::observe
