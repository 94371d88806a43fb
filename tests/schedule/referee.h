// Plays one random scenario against a Scheduler and checks every invariant of scheduler.h with
// books of its own. For the property test.
#pragma once

#include <map>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "schedule/scheduler.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

constexpr provider::Cause kFault = provider::Cause::server_error;
constexpr int kRowTokens = 128;  // what an estimate starts from; answers here cost just that

class Referee {
 public:
  explicit Referee(std::uint64_t seed);

  // Plays to the end. Empty when all is well, else what was broken first.
  std::string play();
  // Every action with its time; the same for the same seed.
  const std::string& log() const { return log_; }

 private:
  struct Side {  // one endpoint, as the referee keeps it
    bool stopped = false;
    int in_flight = 0;
    core::Time not_before = core::Time::min();
    std::uint64_t answers = 0;
    int refusals = 0;                         // since the last answer
    std::optional<core::Time> failing_since;  // since the last answer
    std::optional<TokenBucket> requests;
    std::optional<TokenBucket> day;
    std::optional<TokenBucket> tokens;
  };
  struct Open {
    Demand demand;
    int failures = 0;
    int overdue = 0;             // failures of which the last of its attempts was the first
    bool dead = false;           // some outcome said so, or that it is too large
    std::set<EndpointId> sides;  // where it has failed or been refused
    std::set<AttemptId> flights;
    std::optional<EndpointId> hinted{};  // who refused it last, and asked it to wait
    core::Time not_before{};
  };
  struct Flight {
    Send send;
    Demand demand;
    bool cancelled = false;
  };
  struct Arrival {
    core::Time at;
    std::uint64_t number = 0;
    AttemptId attempt = 0;
    provider::Outcome outcome;
    bool operator<(const Arrival& o) const { return at != o.at ? at > o.at : number > o.number; }
  };

  static Config random_config(std::mt19937_64& random);
  double fraction() { return std::uniform_real_distribution(0.0, 1.0)(random_); }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  // Moves time on; true when to the moment that the scheduler asked for.
  bool advance();
  // Polls between now and `named`, the moment of wake_at(): nothing may be done before it.
  void poll_early(core::Time named);
  bool buys() const { return config_.route == Route::deadline; }
  void submit_some();
  void poll();
  void answer(const Arrival& arrival);
  provider::Outcome random_outcome(const Demand& demand);
  void check_books();
  bool proven(const Open& request) const;
  // The scheduler has stopped it of its own accord.
  void stopped(EndpointId endpoint);
  void broken(const std::string& what);

  void see(const Send& send);
  void see(const Park& park);
  void see(const Cancel& cancel);
  void see(const RejectRequest& reject);
  void see(const SplitRequest& split);
  void see(const ReleaseRequest& release);
  void see(const Halt& halt);
  void end(RequestId id, const char* how);

  core::Money worst(const Demand& demand, const EndpointConfig& endpoint) const;
  double tokens(const Demand& demand) const;
  bool never_fits(const Demand& demand, EndpointId endpoint) const;

  std::mt19937_64 random_;
  std::mt19937_64 early_;  // of polls before time, so that these do not change the scenario
  Config config_;
  Scheduler scheduler_;
  std::vector<Side> sides_;
  std::array<double, 8> weights_{};  // of each provider::Action
  double rate_limit_share_ = 0;
  std::map<RequestId, Open> open_;
  std::map<AttemptId, Flight> flights_;
  std::set<RequestId> ended_;
  std::priority_queue<Arrival> arrivals_;
  core::Time now_{std::chrono::hours(1)};
  core::Money spent_;
  core::Money reserved_;
  std::uint64_t submitted_ = 0;
  std::uint64_t to_submit_ = 0;
  std::uint64_t arrived_ = 0;
  AttemptId last_attempt_ = 0;
  int halts_ = 0;
  bool over_ = false;  // drained or halted
  std::uint64_t drain_after_ = 0;
  std::string broken_;
  std::string log_;
};

}  // namespace sluice::schedule
