// The far side of the simulator: one endpoint's limiter, latency and faults. Private to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>

#include "provider/outcome.h"
#include "schedule/simulator.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

class ModelServer {
 public:
  ModelServer(const ModelEndpoint& model, std::uint64_t seed);

  struct Reply {
    core::Duration after{};  // the client has it this long after it sent
    provider::Outcome outcome;
  };
  Reply take(core::Time now, const Demand& demand);

 private:
  double uniform();  // [0, 1)
  core::Duration latency();
  provider::Usage usage_of(const Demand& demand);
  // nullopt = admitted, and counted; else how long until it would be.
  std::optional<core::Duration> refuse(core::Time now, const provider::Usage& usage);

  ModelEndpoint model_;
  std::array<std::optional<TokenBucket>, provider::kQuotas> buckets_;
  std::mt19937_64 engine_;
};

}  // namespace sluice::schedule
