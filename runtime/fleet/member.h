// One process' side of a pool (pool.h): what it asks next and when, and what it may use right now.
//
// Problem. What a call has granted is worth nothing to a process that was stopped, whose store is gone, or whose clock jumps; and
// it must not be used for a moment longer than the pool counts it.
//
// Mechanism. A grant is good for its lease, counted on the monotonic clock from *before* the call that brought it, less a second.
// share() looks at the time each time, so ask it before each send: a process that was stopped past its lease sends nothing
// when it wakes up. Where the store cannot be reached, shares hold to the end of the lease; then there is nothing, or, if the
// configuration wants it, a *safe* part: the cap by the number of members that were last heard of, four at least.
//
// The driver (of Redis, PostgreSQL, a model) calls call() at next_call(), lets exchange() work on what the store has, and brings
// back answered() or failed(); it fails a call that takes longer than kCallTimeout. It need not remember anything itself.
//
// A request may leave on a share of a rate if the share brings its units within kPatience; else it waits for a permit, which is
// for one request. A bucket at the share's rate saves up no more than a second, and a share that grows does not fill it.
//
// Threads: one.
//
// Invariants:
//   1. share() never exceeds what the last answered call granted, and is 0 (or safe) from kMargin before the pool lapses it.
//   2. Answers to any call but the last made are ignored, so a late one never raises a share that was claimed smaller since.
//   3. While paused, or while the breaker is open, share() and permit() are 0; members resume one after the other, by rank, over a tick.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "fleet/pool.h"

namespace sluice::fleet {

struct LimitSpec {
  std::string name{};
  Kind kind = Kind::rate;
  std::optional<double> stated{};  // by the pipeline file
  double guess = 0;                // where nobody states it
};

struct MemberConfig {
  std::string id{};       // unique to this start of the process
  std::string heir_of{};  // Call's
  double weight = 1;
  std::vector<LimitSpec> limits{};
  bool safe_share = false;  // when the store is gone for longer than a lease
  std::uint64_t seed = 0;
};

class Member {
 public:
  explicit Member(MemberConfig config);

  // What the process knows, whenever it does. `limit`: the index in MemberConfig::limits.
  void wants(std::size_t limit, double units) {
    at(limit).claim.wants = units;
  }  // per second, or slots
  void waits(std::size_t limit, double units) { at(limit).claim.need = units; }  // the next request
  void used(std::size_t limit, double units) { at(limit).used += units; }        // of a rate
  void in_flight(std::size_t limit, double slots);                               // now
  void refused(std::size_t limit) { at(limit).claim.refused = true; }
  void stated(core::Time now, std::size_t limit, double value);  // by a server; good for a minute
  void pause(core::Time until);                                  // asked for by a server
  void breaker_opened(core::Time until);
  void breaker_closed();

  // When to call; at once if that has passed.
  core::Time next_call() const { return next_call_; }
  Call call(core::Time now);
  void answered(core::Time now, const Answer& answer);
  void failed();  // the call that was made last
  // The last one: gives all back. Send nothing from then on.
  Call leave(core::Time now);

  // Units per second, or slots, that may be used at this moment.
  double share(core::Time now, std::size_t limit) const;
  // Units of a permit that may be used at this moment, by one request.
  double permit(core::Time now, std::size_t limit) const;
  void take_permit(std::size_t limit) { at(limit).permit = 0; }
  // This process is the one that tries whether the endpoint is well again: send one request.
  bool probing(core::Time now) const { return probing_ && now < lease_end_; }

  // For the display.
  core::Time lease_end() const { return lease_end_; }
  core::Time resume_at() const { return resume_at_; }
  const std::optional<Answer>& last_answer() const { return answer_; }

 private:
  struct Own {
    Claim claim;
    bool refused_sent = false;  // with the call that is under way
    double granted = 0;
    double permit = 0;
    double used = 0;  // since the last call
    double in_flight = 0;
    double most_in_flight = 0;
    std::optional<double> by_file{};
    std::optional<double> by_server{};
    core::Time by_server_until{};
  };
  Own& at(std::size_t limit) { return limits_[limit]; }
  double unpaused_share(core::Time now, const Own& own) const;

  MemberConfig config_;
  std::vector<Own> limits_;
  std::uint64_t random_;
  std::uint64_t number_ = 0;  // of the last call
  bool outstanding_ = false;  // it has not been answered
  core::Time before_{};       // when it was made
  core::Time called_{};       // when the one before was
  core::Time next_call_ = core::Time::min();
  core::Time lease_end_ = core::Time::min();
  core::Time permit_end_ = core::Time::min();
  core::Time resume_at_ = core::Time::min();
  core::Time open_until_ = core::Time::min();
  core::Time asked_pause_ = core::Time::min();
  core::Time asked_open_ = core::Time::min();
  BreakerNews news_ = BreakerNews::none;  // not told yet
  BreakerNews news_sent_ = BreakerNews::none;
  bool probing_ = false;
  bool left_ = false;
  std::optional<Answer> answer_;
};

}  // namespace sluice::fleet
