// A fleet in virtual time: members, a store between them that does what stores do when they fail, and a referee with books of
// its own. For the property test and for named scenarios.
//
// A call is made of five steps, between which anything may happen: the member sends, the store reads, the member computes and
// sends, the store compares and sets, the member gets the reply. A stopped member does none of its steps, the store does its own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "fleet/member.h"

namespace sluice::fleet {

// One blob with a version and a clock, and what it was in the past.
template <class State>
class Store {
 public:
  struct Read {
    State state;
    std::uint64_t version = 0;
    StoreTime now{};
  };

  Read read(Ms now) const { return {state_, version_, clock(now)}; }
  bool write(Ms now, std::uint64_t version, State state) {
    if (version != version_) return false;
    past_.push_back({now, state_});
    while (!past_.empty() && past_.front().until < now - Ms(20'000)) past_.pop_front();
    state_ = std::move(state);
    ++version_;
    ++writes;
    return true;
  }
  // As it was at that moment, on another machine: versions are not comparable.
  void roll_back(Ms to) {
    while (!past_.empty() && past_.back().until >= to) {
      state_ = std::move(past_.back().state);
      past_.pop_back();
    }
    version_ += 1'000'000;
  }
  void lose() {
    state_ = State();
    past_.clear();
    version_ += 1'000'000;
  }
  void set_clock(Ms offset) { offset_ = offset; }
  const State& state() const { return state_; }

  std::uint64_t writes = 0;

 private:
  struct Past {
    Ms until;
    State state;
  };
  StoreTime clock(Ms now) const { return StoreTime(Ms(1'700'000'000'000) + now + offset_); }

  State state_;
  std::uint64_t version_ = 1;
  Ms offset_{0};
  std::deque<Past> past_;
};

constexpr double kAll = std::numeric_limits<double>::infinity();  // of what a member wants

struct WorldLimit {
  LimitSpec spec;
  double need = 1;  // of each request
};

class World {
 public:
  World(std::uint64_t seed, std::vector<WorldLimit> limits);

  // Faults, effective at once.
  std::size_t join(double wants, double weight = 1);  // the new member's number
  void leave(std::size_t member);
  void kill(std::size_t member);
  void stop(std::size_t member, bool stopped);
  void cut_off(std::size_t member, bool cut_off);
  void lose_store();
  void roll_back_store(Ms by);
  void set_store_clock(Ms offset) { store_.set_clock(offset); }
  void slow_store(Ms at_most) { latency_ = at_most; }
  void lose_replies(double share) { lost_ = share; }

  // Plays on for so long, or until the referee finds something: then false, and broken() says what.
  bool play(Ms duration);
  const std::string& broken() const { return broken_; }

  Ms now() const { return now_; }
  double share(std::size_t member, std::size_t limit) const;
  // Of all that live.
  double sum(std::size_t limit) const;
  // Units sent by one or all, by share and by permit.
  double sent(std::size_t member, std::size_t limit) const { return actors_[member]->sent[limit]; }
  double sent(std::size_t limit) const;
  double most_over() const { return most_over_; }  // above the cap, as a part of it
  const PoolState& state() const { return store_.state(); }
  std::uint64_t retries() const { return retries_; }
  std::uint64_t writes() const { return store_.writes; }

 private:
  struct Actor {
    std::string id;
    std::unique_ptr<Member> member;
    double wants = 0;
    bool alive = true;
    bool stopped = false;
    bool cut_off = false;
    bool left = false;
    std::deque<std::function<void()>> held_up;  // its steps while it is stopped
    std::uint64_t call = 0;                     // number of the call under way, 0 = none
    Ms committed{-1'000'000};                   // when the store wrote what it was last answered
    std::vector<double> sent;
    std::vector<double> running;  // slots
    Ms served{
        0};  // last moment at which it could send something, or did not want or could not call
    int unserved = 0;  // answers since then
  };
  struct Event {
    Ms at;
    std::uint64_t number = 0;
    std::function<void()> what;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };

  core::Time time() const { return core::Time(std::chrono::hours(100) + now_); }
  double fraction() { return std::uniform_real_distribution(0.0, 1.0)(random_); }
  Ms delay();
  void at(Ms when, std::function<void()> what);
  void step(std::size_t member,
            std::function<void()> what);  // of a member: after delay(), when it runs
  void wake(std::size_t member);
  void begin_call(std::size_t member);
  void read(std::size_t member, std::shared_ptr<const Call> call);
  void write(std::size_t member, std::shared_ptr<const Call> call, std::uint64_t version,
             PoolState state, std::shared_ptr<const Answer> answer);
  void use(Ms until);  // everybody sends what it may
  void given_in_lost_time(const Actor& actor);
  void check();
  void broke(const std::string& what);

  std::mt19937_64 random_;
  std::vector<WorldLimit> limits_;
  Store<PoolState> store_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::priority_queue<Event> events_;
  std::uint64_t numbered_ = 0;
  Ms now_{0};
  Ms latency_{2};
  double lost_ = 0;
  Ms disturbed_{0};  // since when there was no fault that may starve somebody
  Ms lost_from_{0};  // by the last fail-over
  Ms lost_until_{0};
  Ms lenient_until_{-1};
  std::vector<double> given_twice_;  // by limit, until then
  double most_over_ = 0;
  std::uint64_t retries_ = 0;
  std::string broken_;
};

}  // namespace sluice::fleet
