// The far side of the simulator: one endpoint's limits, latency, faults and headers, put together.
// Private to the simulator.
//
// Threads: one. Time must not run backwards.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "provider/outcome.h"
#include "schedule/scheduler.h"
#include "simulate/latency.h"
#include "simulate/limiter.h"
#include "simulate/random.h"

namespace sluice::simulate {

class Server {
 public:
  // `max_output_tokens`: the cap that is sent with each request; no answer is longer.
  Server(const ServerSpec& model, std::optional<int> max_output_tokens, std::uint64_t seed);

  struct Reply {
    core::Duration after{};  // the client has it this long after it sent
    provider::Outcome outcome;
  };
  // `output_factor`: how much longer than usual the answer to this one is.
  Reply take(core::Time now, const schedule::Demand& demand, double output_factor);
  // What its answer is billed for.
  provider::Usage usage_of(const schedule::Demand& demand, double output_factor);

 private:
  struct Reported {  // what the headers say of one quota
    core::Time as_of = core::Time::min();
    double remaining = 0;
  };

  std::optional<OutageKind> outage(core::Time now);
  // nullopt = admitted, and counted; else how long until it would be.
  std::optional<core::Duration> refuse(core::Time now, const provider::Usage& usage);
  Reply answer(core::Time now, const provider::Usage& usage);
  bool full(core::Time now);
  Reply refusal(const std::optional<core::Duration>& hint) const;
  void report_limits(core::Time now, provider::RateHints& hints);

  std::unique_ptr<const ServerSpec> model_;  // where it is, latency_ may rely on
  std::optional<int> max_output_tokens_;
  Random random_;
  Latency latency_;
  std::array<std::unique_ptr<ServerLimit>, provider::kQuotas> limits_;
  std::array<Reported, provider::kQuotas> reported_;
  std::priority_queue<core::Time, std::vector<core::Time>, std::greater<>> busy_;  // until when
  std::size_t outage_ = 0;  // of model_->outages: those before it are over
};

}  // namespace sluice::simulate
