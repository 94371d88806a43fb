#include "fleet/budget.h"

#include <algorithm>
#include <limits>

namespace sluice::fleet {
namespace {

// Saturating; amounts are not negative.
Amount plus(Amount a, Amount b) {
  constexpr Amount kMost = std::numeric_limits<Amount>::max();
  return a > kMost - b ? kMost : a + b;
}
Amount minus(Amount a, Amount b) {
  return a > b ? a - b : 0;
}

BudgetCall sane(BudgetCall call) {
  for (Amount* amount : {&call.granted, &call.confirmed, &call.spent, &call.reserved, &call.worst,
                         &call.wants, &call.total})
    *amount = std::max<Amount>(*amount, 0);
  return call;
}

bool lapsed(const BudgetState& state, const Escrow& escrow) {
  return escrow.until <= state.at;
}

std::vector<Escrow>::iterator position(BudgetState& state, const std::string& member) {
  return std::ranges::lower_bound(state.members, member, {}, &Escrow::member);
}

Escrow* find(BudgetState& state, const std::string& member) {
  const auto at = position(state, member);
  return at != state.members.end() && at->member == member ? &*at : nullptr;
}

void settle(BudgetState& state, const Escrow& escrow, Amount spent) {
  state.settled = plus(state.settled, minus(std::max(spent, escrow.spent), escrow.base));
}

Amount used(const BudgetState& state) {
  Amount sum = state.settled;
  for (const Escrow& escrow : state.members) sum = plus(sum, minus(escrow.granted, escrow.base));
  return sum;
}

Amount spent(const BudgetState& state) {
  Amount sum = state.settled;
  for (const Escrow& escrow : state.members) sum = plus(sum, minus(escrow.spent, escrow.base));
  return sum;
}

bool learning(const BudgetState& state) {
  return state.at < state.learning_until;
}

void begin_epoch(BudgetState& state, const BudgetCall& call) {
  state.epoch = next_epoch(std::max(state.epoch, call.epoch), state.clock);
  state.learning_since = state.at;
  state.learning_until = state.at + kEscrowTicks * tick_of(state.members.size());
  state.rebuilt = state.assumed = false;
  state.settled = 0;  // the ledger will say it again
}

void renew_period(BudgetState& state, const BudgetCall& call, StoreTime now) {
  if (call.period <= Ms(0)) return;
  const Ms since = now.time_since_epoch() - call.offset;
  const StoreTime end{(since / call.period + 1) * call.period + call.offset};
  if (state.period_end == StoreTime() || state.period_end > end) state.period_end = end;
  if (now < state.period_end) return;
  state.period_end = end;
  state.settled = 0;
  std::erase_if(state.members, [&](const Escrow& one) { return lapsed(state, one); });
  for (Escrow& escrow : state.members) escrow.base = escrow.spent;
}

// More was confirmed to the member than the state knows of.
bool forgotten(const BudgetState& state, const BudgetCall& call, const Escrow* escrow) {
  if (call.leaving) return false;
  if (call.epoch > state.epoch) return true;
  if (!call.leased || call.epoch < state.epoch) return false;
  return call.confirmed > (escrow != nullptr ? escrow->granted : 0);
}

void apply_ledger(BudgetState& state, const Ledger& ledger) {
  if (ledger.epoch != state.epoch || learning(state)) return;
  if (ledger.whole == state.rebuilt) return;  // each line counts once
  if (ledger.assumed && state.lost) return;
  for (const LedgerLine& line : ledger.lines) {
    const Amount amount = std::max<Amount>(line.spent, 0);
    Escrow* escrow = find(state, line.member);
    if (escrow == nullptr) {
      if (ledger.whole) state.settled = plus(state.settled, amount);
      continue;
    }
    // A line must have been read after the escrow lapsed.
    const bool after =
        ledger.whole ? escrow->until <= state.learning_until : line.call == escrow->call;
    if (!after || !lapsed(state, *escrow)) continue;
    settle(state, *escrow, amount);
    state.members.erase(position(state, line.member));
  }
  if (!ledger.whole) return;
  state.rebuilt = true;
  state.assumed = ledger.assumed;
  state.lost = false;
}

// Writes down what the member brings. nullptr: it is to join under another name.
Escrow* enter(BudgetState& state, const BudgetCall& call) {
  Escrow* escrow = find(state, call.member);
  if (escrow == nullptr) {
    const bool known = call.confirmed > 0 || call.spent > 0;
    if (known && state.rebuilt) return nullptr;
    const Amount granted = call.leased ? call.confirmed : plus(call.spent, call.reserved);
    escrow = &*state.members.insert(position(state, call.member),
                                    Escrow{.member = call.member, .granted = granted});
  } else if (escrow->call == call.last && call.last != 0) {
    escrow->granted = std::min(call.granted, escrow->granted);
  } else {
    escrow->granted = std::max(call.confirmed, escrow->granted);
  }
  escrow->call = call.number;
  escrow->spent = std::max(call.spent, escrow->spent);
  escrow->granted = std::max(escrow->granted, escrow->spent);
  return escrow;
}

void give(const BudgetState& state, const BudgetCall& call, Escrow& escrow) {
  const Amount free = minus(state.total, used(state));
  const Amount in_hand = minus(escrow.granted, plus(escrow.spent, call.reserved));
  const auto members = static_cast<Amount>(state.members.size());
  const Amount most = std::max(call.wants, call.worst);
  const Amount chunk = std::clamp(free / (2 * members), std::min(call.worst, most), most);
  if (call.wants == 0 || (in_hand > chunk / 2 && in_hand >= call.worst)) return;
  const Amount more = std::min(chunk - in_hand, free);
  if (in_hand + more < call.worst) return;  // it would do this member no good
  escrow.granted += more;
  if (more > 0) escrow.raised = call.number;
}

}  // namespace

BudgetAnswer exchange(BudgetState& state, const BudgetCall& brought, StoreTime now) {
  const BudgetCall call = sane(brought);
  if (state.epoch != 0) state.at += std::clamp(now - state.clock, Ms(0), kMargin);
  state.clock = now;
  if (state.epoch == 0 || forgotten(state, call, find(state, call.member)))
    begin_epoch(state, call);
  if (call.epoch != 0 && call.epoch != state.epoch && (!state.rebuilt || state.assumed)) {
    state.lost = true;
    state.rebuilt = state.assumed = false;
  }
  if (call.leased && learning(state))
    state.learning_until =
        std::max(state.learning_until,
                 state.learning_since + std::min<Ms>(call.lease, std::chrono::hours(24)));
  if (call.stamp > state.stamp || state.total == 0 ||
      (call.stamp == state.stamp && call.total < state.total)) {
    state.total = call.total;
    state.stamp = call.stamp;
  }
  renew_period(state, call, now);

  BudgetAnswer answer{.number = call.number, .epoch = state.epoch};
  if (const Escrow* before = find(state, call.member)) answer.known = before->call;
  Escrow* escrow = enter(state, call);
  if (escrow != nullptr && call.leaving) {
    escrow->granted = escrow->spent;
    escrow->until = state.at;
    if (state.rebuilt) {  // else the ledger's line is still to come
      settle(state, *escrow, escrow->spent);
      state.members.erase(position(state, call.member));
    }
    return answer;
  }
  answer.tick = tick_of(state.members.size());
  answer.lease = kEscrowTicks * answer.tick;
  if (escrow != nullptr) escrow->until = state.at + answer.lease;
  if (call.ledger) apply_ledger(state, *call.ledger);
  escrow = find(state, call.member);  // others have gone, so it may have moved
  answer.rejoin = escrow == nullptr;
  if (escrow != nullptr) {
    answer.kept = escrow->granted;
    answer.raised = escrow->raised;
    if (state.rebuilt) give(state, call, *escrow);
    answer.granted = escrow->granted;
  }
  answer.learning = std::max(state.learning_until - state.at, Ms(0));
  answer.wants_ledger = !state.rebuilt && !learning(state);
  answer.lost = state.lost;
  answer.free = minus(state.total, used(state));
  answer.left = minus(state.total, spent(state));
  answer.drained = state.rebuilt && answer.left < std::max<Amount>(call.worst, 1);
  for (const Escrow& one : state.members) {
    if (!lapsed(state, one)) {
      ++answer.members;
      continue;
    }
    answer.withheld = plus(answer.withheld, minus(one.granted, one.spent));
    if (state.rebuilt) answer.unclear.push_back({one.member, one.call});
  }
  return answer;
}

}  // namespace sluice::fleet
