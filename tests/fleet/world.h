// A fleet in virtual time that shares the limits of a key, and a referee with books of its own. For the property test and for
// worked examples.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fleet/member.h"
#include "machines.h"

namespace sluice::fleet {

constexpr double kAll = std::numeric_limits<double>::infinity();  // of what a member wants

struct WorldLimit {
  LimitSpec spec;
  double need = 1;  // of each request
};

class World {
 public:
  World(std::uint64_t seed, std::vector<WorldLimit> limits);

  // Returns the new member's number.
  std::size_t join(double wants, double weight = 1, const std::string& heir_of = {});
  // Killed, and started again where it ran.
  std::size_t restart(std::size_t member);
  void leave(std::size_t member);

  // Faults, effective at once.
  void kill(std::size_t member) { machines_.kill(member); }
  void stop(std::size_t member, bool stopped);
  void cut_off(std::size_t member, bool cut_off);
  void lose_store();
  void roll_back_store(Ms by);
  void set_store_clock(Ms offset) { store_.set_clock(offset); }
  void slow_store(Ms at_most) { machines_.slow(at_most); }
  void lose_replies(double share) { machines_.lose(share); }

  // Plays on for so long, or until the referee finds something: then false, and broken() says what.
  bool play(Ms duration);
  const std::string& broken() const { return broken_; }

  Ms now() const { return machines_.now(); }
  Member& member(std::size_t member) { return *actors_[member]->member; }
  void set_wants(std::size_t member, double wants) { actors_[member]->wants = wants; }
  double share(std::size_t member, std::size_t limit = 0) const;
  double sum(std::size_t limit = 0) const;  // of all that live
  // Units sent until now, by share and by permit.
  double sent(std::size_t member, std::size_t limit = 0) const {
    return actors_[member]->sent[limit];
  }
  double all_sent(std::size_t limit = 0) const;
  const PoolState& state() const { return store_.state(); }
  core::Time time() const { return machines_.time(); }
  std::uint64_t retries() const { return machines_.retries(); }
  std::uint64_t writes() const { return store_.writes; }

 private:
  struct Actor {
    std::string id;
    std::unique_ptr<Member> member;
    double wants = 0;
    bool left = false;
    std::uint64_t call = 0;    // number of the call under way, 0 = none
    Ms committed{-1'000'000};  // when the store wrote what it was last answered
    std::vector<double> sent;
    std::vector<double> running;  // slots
    Ms served{
        0};  // last moment at which it could send something, wanted nothing, or could not call
    int unserved = 0;  // answers since then
  };

  bool sends(std::size_t member) const { return machines_.alive(member) && !actors_[member]->left; }
  void wake(std::size_t member);
  void begin_call(std::size_t member);
  void use(Ms until);  // everybody sends what it may
  void given_in_lost_time(const Actor& actor);
  void check();
  void check_starvation(std::size_t member);
  void broke(const std::string& what);

  Machines machines_;
  std::vector<WorldLimit> limits_;
  Store<PoolState> store_;
  std::vector<std::unique_ptr<Actor>> actors_;
  Ms disturbed_{0};  // the last fault that may starve somebody for a while
  Ms lost_from_{0};  // by the last fail-over
  Ms lost_until_{0};
  Ms lenient_until_{-1};
  std::vector<double> given_twice_;  // by limit, until then
  std::string broken_;
};

}  // namespace sluice::fleet
