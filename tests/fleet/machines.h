// Machines and a store between them in virtual time, with what goes wrong with either. What runs on them is World's and
// BudgetWorld's.
//
// A call is made of five steps, between which anything may happen: the member sends, the store reads, the member computes and
// sends, the store compares and sets, the member gets the reply. A stopped machine does none of its steps, the store does its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "fleet/pool.h"

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

  Read read(Ms now) const {
    return {state_, version_, StoreTime(Ms(1'700'000'000'000) + now + offset_)};
  }
  bool write(Ms now, std::uint64_t version, State state) {
    if (version != version_) return false;
    past_.push_back({now, std::exchange(state_, std::move(state))});
    while (past_.front().until < now - Ms(20'000)) past_.pop_front();
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

  State state_;
  std::uint64_t version_ = 1;
  Ms offset_{0};
  std::deque<Past> past_;
};

class Machines {
 public:
  explicit Machines(std::uint64_t seed) : random_(seed) {}

  std::size_t add();
  void kill(std::size_t machine) { machines_[machine].alive = false; }
  void stop(std::size_t machine, bool stopped);
  void cut_off(std::size_t machine, bool cut_off) { machines_[machine].cut_off = cut_off; }
  void slow(Ms at_most) { latency_ = at_most; }
  void lose(double share) { lost_ = share; }

  bool alive(std::size_t machine) const { return machines_[machine].alive; }
  bool stopped(std::size_t machine) const { return machines_[machine].stopped; }
  bool cut_off(std::size_t machine) const { return machines_[machine].cut_off; }
  Ms now() const { return now_; }
  core::Time time() const { return core::Time(std::chrono::hours(100) + now_); }
  Ms when(core::Time time) const;  // not before now

  double fraction() { return std::uniform_real_distribution(0.0, 1.0)(random_); }
  std::uint64_t draw() { return random_(); }
  std::uint64_t retries() const { return retries_; }

  // Whatever the machines do.
  void at(Ms when, std::function<void()> what);
  // On that machine, as soon as it runs; never if it is dead.
  void at(Ms when, std::size_t machine, std::function<void()> what);

  // One step on. False: nothing happens until `end`, where it is now. `before`: what the time until then is spent with.
  bool advance(Ms end, const std::function<void(Ms)>& before);

  // Carries a call to the store and back. `waiting`: whether the machine still waits for this one.
  template <class State, class Call, class Done>
  void carry(Store<State>& store, std::size_t machine, std::shared_ptr<const Call> call,
             std::function<bool()> waiting, Done done);

 private:
  struct Machine {
    bool alive = true;
    bool stopped = false;
    bool cut_off = false;
    std::deque<std::function<void()>> held_up{};
  };
  struct Event {
    Ms at;
    std::uint64_t number = 0;
    std::function<void()> what;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };

  Ms delay() {
    return Ms(1 + static_cast<std::int64_t>(fraction() * static_cast<double>(latency_.count())));
  }
  bool drops(std::size_t machine) { return machines_[machine].cut_off || fraction() < lost_; }

  std::mt19937_64 random_;
  std::vector<Machine> machines_;
  std::priority_queue<Event> events_;
  std::uint64_t numbered_ = 0;
  std::uint64_t retries_ = 0;
  Ms now_{0};
  Ms latency_{2};
  double lost_ = 0;
};

template <class State, class Call, class Done>
void Machines::carry(Store<State>& store, std::size_t machine, std::shared_ptr<const Call> call,
                     std::function<bool()> waiting, Done done) {
  if (drops(machine)) return;
  at(now_ + delay(), [=, this, &store] {
    if (drops(machine)) return;
    auto got = std::make_shared<typename Store<State>::Read>(store.read(now_));
    at(now_ + delay(), machine, [=, this, &store] {
      if (!waiting() || drops(machine)) return;
      const auto answer = exchange(got->state, *call, got->now);
      at(now_ + delay(), [=, this, &store] {
        const bool written = store.write(now_, got->version, std::move(got->state));
        if (drops(machine)) return;
        at(now_ + delay(), machine, [=, this, &store, written_at = now_] {
          if (!waiting()) return;
          if (written) return done(answer, written_at);
          ++retries_;
          carry(store, machine, call, waiting, done);
        });
      });
    });
  });
}

}  // namespace sluice::fleet
