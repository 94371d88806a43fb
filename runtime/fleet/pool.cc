#include "fleet/pool.h"

#include <algorithm>
#include <cmath>

#include "fleet/grant.h"

namespace sluice::fleet {
namespace {

constexpr double kMost = 1e15;                   // no limit is larger
constexpr Ms kLongest = std::chrono::hours(24);  // pause

double sane(double value) {
  return value > 0 ? std::min(value, kMost) : 0;
}  // NaN is 0

Claim sane(Claim claim) {
  claim.wants = sane(claim.wants);
  claim.has = sane(claim.has);
  claim.used = sane(claim.used);
  claim.need = sane(claim.need);
  claim.guess = sane(claim.guess);
  claim.cap = sane(claim.cap);
  if (claim.stated) claim.stated = sane(*claim.stated);
  return claim;
}

void advance(PoolState& state, StoreTime now) {
  if (state.epoch != 0) state.at += std::clamp(now - state.clock, Ms(0), kMargin);
  state.clock = now;
}

std::vector<Holder>::iterator find(PoolState& state, const std::string& id) {
  return std::ranges::lower_bound(state.members, id, {}, &Holder::id);
}

// The member knows of something that the state has forgotten.
bool forgotten(PoolState& state, const Call& call) {
  if (call.epoch > state.epoch) return !call.leaving;
  if (!call.leased || call.leaving || call.epoch < state.epoch) return false;
  const auto at = find(state, call.member);
  return at == state.members.end() || at->id != call.member || at->call < call.last;
}

void begin_epoch(PoolState& state, const Call& call) {
  state.epoch = next_epoch(std::max(state.epoch, call.epoch), state.clock);
  state.learning_since = state.at;
  state.learning_until = state.at + kLeaseTicks * tick_of(state.members.size());
  for (Limit& limit : state.limits) {
    limit.flow = limit.level = 0;
    limit.brought = false;
  }
}

std::size_t limit_of(PoolState& state, const Claim& claim) {
  const auto at = std::ranges::find(state.limits, claim.name, &Limit::name);
  if (at != state.limits.end()) return static_cast<std::size_t>(at - state.limits.begin());
  Limit limit{.name = claim.name, .kind = claim.kind};
  limit.cap = claim.stated ? *claim.stated : claim.cap > 0 ? claim.cap : claim.guess;
  limit.brought = claim.cap > 0;
  limit.cut_at = limit.raised_at = state.at - kWindow;
  limit.level_at = state.at;
  state.limits.push_back(std::move(limit));
  return state.limits.size() - 1;
}

Holder& enter(PoolState& state, const Call& call) {
  auto at = find(state, call.member);
  if (at == state.members.end() || at->id != call.member)
    at = state.members.insert(at, Holder{.id = call.member});
  at->call = call.number;
  at->seen = state.at;
  at->weight = call.weight > 0 ? std::min(call.weight, kMost) : 1;
  return *at;
}

void hear_breaker(PoolState& state, const Call& call) {
  BreakerState& breaker = state.breaker;
  if (call.breaker == BreakerNews::none) return;
  breaker.prober.clear();
  if (call.breaker == BreakerNews::closed) breaker.open_until = Ms(0);
  if (call.breaker == BreakerNews::opened)
    breaker.open_until =
        std::max(breaker.open_until, state.at + std::clamp(call.open_for, Ms(1), kLongest));
}

void tell_breaker(PoolState& state, const Call& call, Answer& answer) {
  BreakerState& breaker = state.breaker;
  if (breaker.open_until == Ms(0)) return;
  answer.breaker = BreakerView::open;
  if (state.at < breaker.open_until) {
    answer.open_for = breaker.open_until - state.at;
    return;
  }
  if (breaker.prober_until <= state.at) breaker.prober.clear();
  if (breaker.prober.empty()) {
    breaker.prober = call.member;
    breaker.prober_until = state.at + kProber;
  }
  if (breaker.prober == call.member)
    answer.breaker = BreakerView::probe;
  else
    answer.open_for = breaker.prober_until - state.at;
}

}  // namespace

Ms tick_of(std::size_t members) {
  return std::max(kTick, kTickOfEach * static_cast<std::int64_t>(members));
}

std::uint64_t next_epoch(std::uint64_t last, StoreTime now) {
  const auto clock = std::max<Ms::rep>(now.time_since_epoch().count(), 0);
  return std::max(last + 1, static_cast<std::uint64_t>(clock));
}

Answer exchange(PoolState& state, const Call& call, StoreTime now) {
  advance(state, now);
  std::erase_if(state.members, [&](const Holder& one) {
    return one.until <= state.at || (!call.heir_of.empty() && one.id == call.heir_of);
  });
  if (state.epoch == 0 || forgotten(state, call)) begin_epoch(state, call);
  if (call.leased && learning(state))
    state.learning_until =
        std::max(state.learning_until, state.learning_since + std::min(call.lease, kLongest));

  state.pause_until =
      std::max(state.pause_until, state.at + std::clamp(call.pause, Ms(0), kLongest));
  hear_breaker(state, call);

  std::vector<Claim> claims;
  std::vector<std::size_t> limits;
  for (const Claim& claim : call.claims) {
    claims.push_back(sane(claim));
    limits.push_back(limit_of(state, claims.back()));
  }
  Holder& holder = enter(state, call);
  holder.shares.resize(state.limits.size());
  const std::size_t me = static_cast<std::size_t>(find(state, call.member) - state.members.begin());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    record(state, limits[i], me, claims[i]);
    review_cap(state, limits[i], me, claims[i]);
  }

  Answer answer{.number = call.number, .epoch = state.epoch};
  answer.tick = tick_of(state.members.size());
  answer.lease = kLeaseTicks * answer.tick;
  if (call.leaving) {
    state.members.erase(find(state, call.member));
    return answer;
  }
  holder.until = state.at + answer.lease;
  for (std::size_t i = 0; i < claims.size(); ++i)
    answer.granted.push_back(grant(state, limits[i], me, claims[i], call.leased));
  answer.learning = std::max(state.learning_until - state.at, Ms(0));
  answer.pause = std::max(state.pause_until - state.at, Ms(0));
  tell_breaker(state, call, answer);
  answer.members = static_cast<std::uint32_t>(state.members.size());
  answer.rank = static_cast<std::uint32_t>(me);
  return answer;
}

}  // namespace sluice::fleet
