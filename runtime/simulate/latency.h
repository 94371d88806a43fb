// How long a modelled server takes: a log-normal draw, longer while it is cold, and a queue before
// its slots. Private to the simulator.
//
// Threads: one. Time must not run backwards.
#pragma once

#include "simulate/random.h"
#include "simulate/server_spec.h"
#include "simulate/slots.h"

namespace sluice::simulate {

class Latency {
 public:
  explicit Latency(const ServerSpec& model);
  // The moment at which a request that arrives now has been served; it takes its place. Borrows
  // the model, which must outlive it.
  core::Time served(core::Time now, Random& random);

 private:
  double coldness(core::Time now);

  const ServerSpec& model_;
  std::size_t knee_ = 0;  // of model_.slots: those before it are in force or were
  Slots slots_;
  core::Time cold_since_{};
  std::uint64_t served_since_ = 0;
  std::size_t outage_ = 0;  // of model_.outages: those before it are over
};

}  // namespace sluice::simulate
