// Watches a simulated run and checks, with books of its own, what scheduler.h promises. For the
// property test.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scenario.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

class Auditor final : public simulate::Watcher {
 public:
  explicit Auditor(const Scenario& scenario);

  // Plays the scenario. Empty when all is well, else what was broken first.
  std::string play();
  // Every action with its time; the same for the same scenario.
  const std::string& log() const { return log_; }

 private:
  struct Side {  // one endpoint
    int in_flight = 0;
    bool lowered = false;  // it tells limits, which may be below those of the pipeline file
    std::optional<TokenBucket> requests;
    std::optional<TokenBucket> day;
    std::optional<TokenBucket> tokens;  // where the scenario is exact
  };
  struct Flight {
    Send send;
    bool cancelled = false;
  };

  void submitted(core::Time now, const Demand& demand) override;
  void acted(core::Time now, const Action& action) override;
  void answered(core::Time now, const Send& of, const provider::Outcome& outcome) override;
  void drained(core::Time now) override;
  void polled(core::Time now, const Scheduler& scheduler) override;

  void see(const Send& send);
  void see(const Park& park);
  void see(const Cancel& cancel);
  void see(const RejectRequest& reject);
  void see(const SplitRequest& split);
  void see(const ReleaseRequest& release);
  void see(const Halt& halt);
  void take(Side& side);
  void end(RequestId id, const char* how);
  void broken(const std::string& what);

  const Scenario& scenario_;
  std::vector<Side> sides_;
  std::map<RequestId, Demand> open_;
  std::map<AttemptId, Flight> flights_;
  std::map<RequestId, int> flying_;  // attempts of each request that are in flight
  core::Time now_{};
  core::Money spent_;
  core::Money reserved_;
  std::uint64_t submitted_ = 0;
  AttemptId last_attempt_;
  bool over_ = false;  // drained or halted
  bool any_answer_ = false;
  std::optional<HaltCause> halted_;
  std::string broken_;
  std::string log_;
};

}  // namespace sluice::schedule
