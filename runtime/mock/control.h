// What POST /control asks of the mock. An outage now:
//
//   {"outage":"hang"}                   until further notice
//   {"outage":"refuse","seconds":2.5}   for so long; "refuse" must say how long, as nobody could
//                                       end it
//   {"outage":"none"}                   no more
//
// Or that the batches' time moves on (mock/batch_jobs.h):
//
//   {"batch_seconds":86400}             a day of it has passed
//
// Threads: a plain function, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "mock/outages.h"

namespace sluice::mock {

struct Control {
  bool switches = false;  // the outage
  std::optional<OutageKind> outage;
  std::optional<core::Duration> lasts;
  std::optional<core::Duration> batch_skip;
};
core::Result<Control> read_control(const std::string& body);

// Whether `host` is an address of this machine that no other can reach.
bool is_loopback(std::string_view host);

}  // namespace sluice::mock
