// One quota as a modelled server enforces it: the four ways in which servers do. Private to the
// simulator.
//
// Threads: one. Time must not run backwards.
#pragma once

#include <memory>

#include "core/clock.h"
#include "simulate/server_spec.h"

namespace sluice::simulate {

class ServerLimit {
 public:
  virtual ~ServerLimit() = default;
  // The first moment at which `units` pass, if nothing is taken before.
  virtual core::Time earliest(core::Time now, double units) = 0;
  virtual void take(core::Time now, double units) = 0;
  virtual double remaining(core::Time now) = 0;
  // How long what was taken at `now` is held back before it is served.
  virtual core::Duration delay(core::Time now);
};

// `limit` units in each `window`.
std::unique_ptr<ServerLimit> make_limit(const LimiterSpec& how, double limit,
                                        core::Duration window);

}  // namespace sluice::simulate
