// What processes that share a budget may spend of it: by escrow, whose truth is the ledger.
//
// Problem. A rate comes back by itself, money does not: what a process had in hand when it died may have been spent, and a store
// that has lost its state must not make the same dollar twice.
//
// Mechanism. The state is one small text beside those of the pools (pool.h, which also says how it is read and written). A member
// is given money in chunks, an *escrow*, and says with each call how much it has spent. All amounts of a member are sums since
// it joined, never differences, so a call that is applied twice, or whose reply is lost, changes nothing. Chunks
// shrink with what is left: half of an equal part, at least one request's worst cost, at most what the member wants to hold.
//
// Death. The escrow of a member whose lease lapses is *unclear*: it goes back only when the ledger says what the member has spent
// (Answer::unclear asks for that; what is in flight there counts at its worst), or when the member returns. One that returns after that
// must join under a new name (Answer::rejoin).
//
// Loss. Without a state, or with one that has forgotten confirmed escrow, a new epoch begins: for one lease members say what they
// have, then one is asked for the ledger (Answer::wants_ledger), and only when its lines are there is money given again. A fail-over that
// loses less than kLossBound passes unnoticed: escrow may be spent only after it was seen again in the store so much later
// (escrow_member.h), so what the store forgets was not used.
//
// No ledger. Where no ledger is that all reach, what members bring is all that can be known: one says so in the ledger's place
// (Ledger::assumed), which begins a budget that nobody knows of. A budget that somebody knows of an earlier epoch of is *lost* then, and nothing is
// given any more, as what its members of old have spent is not known: that takes a ledger, or another name.
//
// Day quotas are budgets of requests or tokens with a `period`. They begin again at its end by the store's clock.
//
// Threads: plain functions and values. No clock.
//
// Invariants (tests/fleet/budget_property_test.cc):
//   1. settled + Σ escrow, lapsed ones included, ≤ total after each exchange that gives, as long as nobody spends more than a request's
//      worst cost. So the sum of all that is spent never passes the total, whatever dies, as long as fail-overs lose less than kLossBound.
//   2. Nothing is given before the ledger has been read in this epoch, after its lease of learning.
//   3. Escrow that has lapsed is given again only by a line of the ledger that was read after it lapsed.
//   4. When no more than one request's worst cost per member is left, it is still spendable: what is too little for its holder goes back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/pool.h"

namespace sluice::fleet {

// Picodollars, requests or tokens.
using Amount = std::int64_t;

constexpr Ms kLossBound{2000};
constexpr int kEscrowTicks =
    10;  // a lease of money, in ticks: it counts only once it was seen again, kLossBound later

struct Escrow {
  std::string member{};
  std::uint64_t call = 0;    // number of its last
  Ms until{0};               // lapsed from then on
  Amount granted = 0;        // since it joined
  std::uint64_t raised = 0;  // number of the call that last made it more
  Amount spent = 0;          // of that
  Amount base = 0;           // of `spent`: before this period
};

struct BudgetState {
  std::string budget{};
  std::uint64_t epoch = 0;  // 0 = there was nothing in the store
  StoreTime clock{};
  Ms at{0};
  Ms learning_since{0};
  Ms learning_until{0};
  bool rebuilt = false;  // from the ledger, in this epoch
  bool assumed = false;  // without one (Ledger::assumed)
  bool lost = false;     // a member knows of an earlier epoch, and no ledger has been read since
  Amount total = 0;
  std::int64_t stamp = 0;         // of `total`: the newest counts
  Amount settled = 0;             // by those that have gone, this period
  StoreTime period_end{};         // with a period
  std::vector<Escrow> members{};  // sorted by name
};

// What the ledger says of one member: settled, and at its worst what may have been billed.
struct LedgerLine {
  std::string member{};
  Amount spent = 0;
  std::uint64_t call = 0;  // Unclear::call, in a ledger that is not whole
};

struct Ledger {
  std::uint64_t epoch = 0;  // BudgetAnswer::epoch of the answer that asked for it
  // All members that the ledger has ever seen (in this period, where there is one), as wants_ledger asks; else those of `unclear`.
  bool whole = false;
  bool assumed = false;  // there is none; `whole`, and no line
  std::vector<LedgerLine> lines{};
};

struct BudgetCall {
  std::string member{};
  std::uint64_t number = 0;  // as in Call
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;
  bool leased = false;
  Ms lease{0};
  bool leaving = false;  // nothing is in flight
  Amount granted = 0;    // what it holds: what it was told last, or less, which gives the rest back
  Amount confirmed = 0;  // of that: what it may be spending
  Amount spent = 0;
  Amount reserved = 0;  // in flight, at its worst
  Amount worst = 0;     // cost of one request
  Amount wants = 0;     // to have in hand beside `reserved`; 0 = nothing to do
  Amount total = 0;
  std::int64_t stamp = 0;  // a larger one overrules; of the same one the smaller total counts
  Ms period{0};            // 0 = it is spent once
  Ms offset{0};            // of the period's beginning, from midnight UTC for a day
  std::optional<Ledger> ledger{};
};

struct Unclear {
  std::string member{};
  std::uint64_t call = 0;
};

struct BudgetAnswer {
  std::uint64_t number = 0;
  std::uint64_t epoch = 0;
  Ms lease{0};
  Ms tick{0};
  Ms learning{0};
  Amount kept = 0;                 // of `granted`: what it had before this call …
  std::uint64_t raised = 0;        // … and has had since the call of this number
  std::uint64_t known = 0;         // number of the last call that the store knew of before this one
  Amount granted = 0;              // since it joined
  Amount free = 0;                 // nobody's
  Amount left = 0;                 // of all: not spent yet, unclear ones included
  Amount withheld = 0;             // of that: unclear
  bool drained = false;            // not even one request's worst cost is left: end
  bool rejoin = false;             // join again, under another name
  bool wants_ledger = false;       // read it now, all of it, and bring it with a call
  bool lost = false;               // BudgetState::lost: only a ledger that there is will do
  std::vector<Unclear> unclear{};  // read the ledger's lines of these now
  std::uint32_t members = 0;
};

BudgetAnswer exchange(BudgetState& state, const BudgetCall& call, StoreTime now);

}  // namespace sluice::fleet
