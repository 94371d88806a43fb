// How long a modelled server takes: a log-normal draw, longer while it is cold, and a queue before
// its slots. Private to the simulator.
//
// Threads: one. Time must not run backwards.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "schedule/model_endpoint.h"
#include "schedule/model_random.h"

namespace sluice::schedule {

class ModelLatency {
 public:
  explicit ModelLatency(const ModelEndpoint& model);
  // The moment at which a request that arrives now has been served; it takes its place. Borrows
  // the model, which must outlive it.
  core::Time served(core::Time now, ModelRandom& random);

 private:
  double coldness(core::Time now);
  core::Time begin(core::Time now);

  const ModelEndpoint& model_;
  std::size_t knee_ = 0;  // of model_.slots: those before it are in force or were
  std::size_t slots_ = 0;
  // When each slot is free; as requests are served in their order, this is all there is to know.
  std::priority_queue<core::Time, std::vector<core::Time>, std::greater<>> free_;
  core::Time cold_since_{};
  std::uint64_t served_since_ = 0;
  std::size_t outage_ = 0;  // of model_.outages: those before it are over
};

}  // namespace sluice::schedule
