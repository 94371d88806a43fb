// One process' side of a shared budget (budget.h): what it holds, what of that may be spent right now, and what it asks next.
//
// Problem. Money that was granted by a store that then lost its last second would be granted again to another.
//
// Mechanism. What is granted becomes *confirmed* when a call that began kLossBound after the reply finds it still in the store; only what
// is confirmed is spendable. Leases too count from when they were seen again. And only while the lease holds, as in member.h, since afterwards the ledger may settle it for somebody else.
// What is in flight is reserved at its worst cost and settled at its real one, also after the lease. What is too little for a request
// when nothing is free, what is more than is wanted, and all of it when there is nothing to do, is given back with the next call.
//
// Threads: one.
//
// Invariants:
//   1. spent + reserved ≤ confirmed, as long as reserve() alone takes and no request costs more than its worst.
//   2. What was given back is not spendable from the moment of the call that gives it back.
//   3. spendable() is 0 from kMargin before the lease lapses in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "fleet/budget.h"

namespace sluice::fleet {

struct EscrowConfig {
  std::string id{};  // unique to this start of the process, and the name in the ledger
  Amount total = 0;
  std::int64_t stamp = 0;  // when that total was said: a larger one overrules
  Ms period{0};            // BudgetCall
  Ms offset{0};
  Amount spent = 0;  // before it joins, which a budget that begins does not know of yet
  std::uint64_t epoch =
      0;  // that this budget had, as far as this process remembers; 0: it remembers none
  std::uint64_t seed = 0;
};

// What one request has reserved.
struct Reserved {
  Amount worst = 0;
  std::uint32_t name = 0;  // EscrowMember::name() then
};

class EscrowMember {
 public:
  explicit EscrowMember(EscrowConfig config);

  // One request's worst cost, and how much it would like to have in hand: what it spends in 30 s, say. 0, 0: nothing to do.
  void wants(Amount worst, Amount in_hand);
  void set_total(Amount total, std::int64_t stamp);

  Amount spendable(core::Time now) const;
  // nullopt: not now. What costs nothing may always be spent.
  std::optional<Reserved> reserve(core::Time now, Amount worst);
  void settle(const Reserved& reserved, Amount cost);
  // In place of these two, for a caller that counts by itself what it has spent under name() and what is in flight. It must not
  // pass spent + reserved + spendable().
  void counted(Amount spent, Amount reserved);

  core::Time next_call() const { return next_call_; }
  BudgetCall call(core::Time now);
  void answered(core::Time now, const BudgetAnswer& answer);
  void failed();
  // With nothing in flight.
  BudgetCall leave(core::Time now);

  // Goes with the next call. To be read when an answer asks for it, never before.
  void bring(Ledger ledger) { ledger_ = std::move(ledger); }
  const std::optional<BudgetAnswer>& last_answer() const { return answer_; }
  // Under which this process spends now. It changes when the ledger has settled the old name while this process was away.
  std::string name() const;
  core::Time lease_end() const { return lease_end_; }

 private:
  struct Lease {
    std::uint64_t call = 0;
    core::Time since{};  // when the answer came
    core::Time end{};
  };
  Amount in_hand() const;

  EscrowConfig config_;
  std::uint64_t random_;
  std::uint32_t names_ = 0;
  Amount worst_ = 0;
  Amount wants_ = 0;
  Amount granted_ = 0;    // told last
  Amount confirmed_ = 0;  // ≤ granted_
  Amount spent_ = 0;
  Amount reserved_ = 0;
  Amount pending_ = 0;  // what granted_ was at pending_since_; 0 = nothing waits
  core::Time pending_since_{};
  std::uint64_t pending_call_ = 0;  // whose answer that was
  std::uint64_t number_ = 0;
  bool outstanding_ = false;
  bool left_ = false;
  core::Time before_{};
  core::Time next_call_ = core::Time::min();
  core::Time lease_end_ = core::Time::min();
  std::vector<Lease> leases_;  // not seen again yet; ten or so
  std::optional<Ledger> ledger_;
  std::optional<BudgetAnswer> answer_;
};

}  // namespace sluice::fleet
