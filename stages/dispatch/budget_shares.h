// Keeps a run to its part of a budget that other processes spend from too: a member of the budget (fleet/budget.h), whose
// state lies in a store that all reach. About once a second it says what it has spent and is told what it may; the scheduler
// has that as a budget of which more may come, until all of it is spent.
//
// The dead. What a process held when it was killed stays withheld until somebody says what it had spent: the same job when it is started
// again, by its own checkpoint (budget_memory.h), or a ledger that all processes write to (AskLedger). The same holds for a store that
// has lost its state: a budget that somebody remembers is given out again only by a ledger.
//
// Threads: the I/O thread's; begin() before it runs, `tell` of AskLedger from any.
//
// Invariants:
//   1. What is spent and in flight at its worst never passes what the member may spend, and look() comes before each decision
//      of the scheduler: so nothing is sent after the lease by this machine's monotonic clock.
//   2. A name under which money is spent is in the checkpoint's memory first, and `spends_as` was told.
//   3. A store that is away costs no row.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/money.h"
#include "dispatch/budget_memory.h"
#include "fleet/escrow_member.h"
#include "net/loop.h"
#include "pool_store/pool_store.h"
#include "schedule/budget.h"

namespace sluice::dispatch {

// What each of these has spent of the budget since it began, at its worst where a request may have been billed.
using LedgerLines = std::vector<std::pair<std::string, core::Money>>;
// Asks a ledger for these members of a budget, or with none for all that it has ever seen. `tell` is called once it has been read, no
// earlier than it was asked; or never, and it is asked again.
using AskLedger = std::function<void(const std::string& budget, std::vector<std::string> members,
                                     std::function<void(LedgerLines)> tell)>;

class BudgetShares {
 public:
  struct Setup {
    net::Loop& loop;
    const core::Clock& clock;
    pool_store::PoolStore& store;
    std::string name;       // of the budget
    std::string member;     // unique to this start of the process
    std::string directory;  // of the checkpoint
    core::Money total;      // all that all may spend
    core::Money elsewhere;  // spent by the job outside of this run's checkpoint
    AskLedger ledger;       // may be empty: there is none
    // Under which name money is spent from here on, with nothing in flight; may be empty.
    std::function<void(const std::string& member)> spends_as;
    std::function<schedule::Purse()> purse;
    // In the place of what there was.
    std::function<void(core::Money limit, schedule::BudgetPart part)> granted;
    // Why nothing, or less, can be spent, for people; empty when that is over.
    std::function<void(std::string)> problem;
  };
  explicit BudgetShares(Setup setup);
  BudgetShares(const BudgetShares&) = delete;
  BudgetShares& operator=(const BudgetShares&) = delete;

  // Reads the memory, and lets nothing be spent.
  core::Status begin();
  void start();
  // Before the scheduler decides.
  void look(core::Time now);
  void set_total(core::Money total);
  // With nothing in flight: gives back what is left, which takes a call to the store, at most kFarewell. Nothing is spent from then on.
  static constexpr std::chrono::milliseconds kFarewell{3000};
  void leave(std::function<void()> done);
  // No call of the store is of interest any more.
  void close() { closing_ = true; }

 private:
  core::Status join(core::Money before);
  std::int64_t now_stamp() const;
  core::Money paid(const schedule::Purse& purse) const;
  void want(const schedule::Purse& purse, core::Time now);
  void grant(const schedule::Purse& purse, core::Time now);
  void tick();
  void call(fleet::BudgetCall call, std::function<void()> done);
  void answered(core::Time now, const fleet::BudgetAnswer& answer);
  void ask_ledgers(core::Time now, const fleet::BudgetAnswer& answer);
  void ask(core::Time now, const fleet::BudgetAnswer& answer, std::vector<std::string> members);
  std::string over(core::Time now, const fleet::BudgetAnswer& answer);
  std::string wait(const fleet::BudgetAnswer& answer) const;
  void tell(std::string problem);

  Setup setup_;
  const std::string pool_;
  std::optional<fleet::EscrowMember> member_;
  BudgetMemory memory_;
  core::Money before_;      // spent under the present name before …
  core::Money from_;        // … the checkpoint had paid this
  bool rejoining_ = false;  // as soon as nothing is in flight
  core::Money worst_;       // of a request, as last known
  core::Time busy_{};       // when there was last something to do
  double burn_ = 0;         // picodollars a second
  core::Money burnt_;       // as of measured_
  core::Time measured_{};
  std::optional<core::Time> little_since_;
  std::optional<core::Time> asked_;       // the ledger
  std::vector<fleet::LedgerLine> lines_;  // for the next call
  bool calling_ = false;
  bool leaving_ = false;
  bool closing_ = false;
  std::string over_;  // why all of it is spent; empty: it is not
  std::optional<core::Money> granted_;
  std::string granted_over_;
  std::string problem_;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::unique_ptr<net::Loop::Timer> farewell_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // the loop's
};

}  // namespace sluice::dispatch
