// A fleet in virtual time that shares a budget, with its ledger, and a referee. For the property test and for worked examples.
//
// Every request is written into the ledger at its worst cost before it is sent, and with its real cost when it is answered; what was in
// flight when a machine died stays at its worst, and is counted as spent so.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fleet/escrow_member.h"
#include "machines.h"

namespace sluice::fleet {

struct BudgetScenario {
  Amount total = 10'000'000;
  Amount worst = 1'000;  // of a request; its cost is anything up to that
  int slots = 8;         // of a member
  Ms slowest{4'000};     // request
  Ms period{0};
};

class BudgetWorld {
 public:
  BudgetWorld(std::uint64_t seed, BudgetScenario scenario);

  std::size_t join();
  void leave(std::size_t member);  // when nothing is in flight any more
  void kill(std::size_t member) { machines_.kill(member); }
  void stop(std::size_t member, bool stopped) { machines_.stop(member, stopped); }
  void cut_off(std::size_t member, bool cut_off) { machines_.cut_off(member, cut_off); }
  void lose_store() { store_.lose(); }
  void roll_back_store(Ms by) { store_.roll_back(now() - by); }
  void set_store_clock(Ms offset) { store_.set_clock(offset); }
  void slow_store(Ms at_most) { machines_.slow(at_most); }
  void lose_replies(double share) { machines_.lose(share); }
  void set_total(Amount total);

  // Plays on for so long, or until the referee finds something: then false, and broken() says what.
  bool play(Ms duration);
  const std::string& broken() const { return broken_; }

  Ms now() const { return machines_.now(); }
  bool alive(std::size_t member) const { return machines_.alive(member); }
  // By the ledger, in flight and lost at the worst cost; since the last period began, where there are any.
  Amount committed() const;
  // At most so much too much has been counted for members that were away while the ledger was read, and came back.
  Amount overcounted() const { return overcounted_; }
  bool drained() const;  // every member that lives was told so
  EscrowMember& member(std::size_t member) { return *actors_[member]->member; }
  const BudgetState& state() const { return store_.state(); }
  std::size_t members() const { return actors_.size(); }

 private:
  struct Line {
    Amount settled = 0;
    Amount in_flight = 0;
  };
  struct Actor {
    std::unique_ptr<EscrowMember> member;
    bool leaving = false;
    bool left = false;
    std::uint64_t call = 0;
    int in_flight = 0;
  };

  void wake(std::size_t member);
  void begin_call(std::size_t member);
  void answered(std::size_t member, const BudgetAnswer& answer);
  void send(std::size_t member);
  void tick(std::size_t member);
  void check();
  core::Time time() const { return machines_.time(); }

  Machines machines_;
  BudgetScenario scenario_;
  Store<BudgetState> store_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::map<std::string, Line> ledger_;
  std::int64_t stamp_ = 1;
  Amount overcounted_ = 0;
  std::string broken_;
};

}  // namespace sluice::fleet
