#include "fleet/grant.h"

#include <algorithm>
#include <cmath>

#include "fleet/water_fill.h"

namespace sluice::fleet {
namespace {

constexpr double kRounding = 1e-9;
constexpr double kLeast = 1e-6;  // of a cap

double seconds(Ms duration) {
  return std::chrono::duration<double>(duration).count();
}

const Share* share_of(const Holder& holder, std::size_t limit) {
  return limit < holder.shares.size() ? &holder.shares[limit] : nullptr;
}

bool absent(const PoolState& state, const Holder& holder) {
  return holder.seen + kAbsent < state.at;
}

double held(const PoolState& state, std::size_t limit) {
  double sum = 0;
  for (const Holder& holder : state.members)
    if (const Share* share = share_of(holder, limit)) sum += share->held;
  return sum;
}

// A rate: the fair parts, and those that are too small laid together.
Division divide_rate(const PoolState& state, std::size_t limit, std::vector<double> fair) {
  Division division{std::move(fair), std::vector<bool>(state.members.size()), 0};
  for (std::size_t i = 0; i < state.members.size(); ++i) {
    const Share* share = share_of(state.members[i], limit);
    double& part = division.target[i];
    if (share == nullptr || share->wants <= 0) continue;
    const double enough = share->turns ? share->need * kPatienceBack : share->need;
    if (part * seconds(kPatience) >= enough) continue;
    division.takes_turn[i] = true;
    division.pooled += part;
    part = 0;
  }
  return division;
}

// Slots: whole ones, and those that are over by turns.
Division divide_slots(const PoolState& state, std::size_t limit, std::vector<double> fair,
                      double all) {
  Division division{std::move(fair), std::vector<bool>(state.members.size()), 0};
  struct Next {
    bool keeps = false;
    Ms since{0};
    std::size_t member = 0;
  };
  std::vector<Next> next;
  for (std::size_t i = 0; i < state.members.size(); ++i) {
    double& part = division.target[i];
    part = std::floor(part + kRounding);
    all -= part;
    const Share* share = share_of(state.members[i], limit);
    if (share == nullptr || share->wants <= part || absent(state, state.members[i])) continue;
    const bool keeps = share->grant > part && (part >= 1 || state.at - share->since < kTurn);
    next.push_back({keeps, share->since, i});
  }
  std::ranges::sort(next, [](const Next& a, const Next& b) {
    if (a.keeps != b.keeps) return a.keeps;
    return a.since != b.since ? a.since < b.since : a.member < b.member;
  });
  for (const Next& one : next) {
    if (all < 1) break;
    division.target[one.member] += 1;
    all -= 1;
  }
  return division;
}

// Another member has less than it ought to.
bool others_short(const PoolState& state, std::size_t limit, std::size_t member,
                  const Division& division) {
  for (std::size_t i = 0; i < state.members.size(); ++i) {
    const Share* share = share_of(state.members[i], limit);
    if (i == member || share == nullptr) continue;
    if (division.takes_turn[i] && share->need > 0) return true;
    if (share->held < division.target[i] * (1 - kDeadBand)) return true;
  }
  return false;
}

// A permit for `member`, when all that wait longer could have theirs as well.
double permit(PoolState& state, std::size_t limit, std::size_t member, const Division& division) {
  Share& mine = state.members[member].shares[limit];
  Limit& of = state.limits[limit];
  if (!division.takes_turn[member] || mine.need <= 0 || !mine.waiting) return 0;
  double before = 0;
  for (std::size_t i = 0; i < state.members.size(); ++i) {
    const Share* share = share_of(state.members[i], limit);
    if (i == member || share == nullptr || !division.takes_turn[i] || !share->waiting) continue;
    if (absent(state, state.members[i])) continue;
    if (share->since < mine.since || (share->since == mine.since && i < member))
      before += share->need;
  }
  if (of.level + kRounding < before + mine.need) return 0;
  of.level = std::max(of.level - mine.need, 0.0);
  mine.since = state.at;
  return mine.need;
}

// What has come in for permits since the last exchange.
void collect(PoolState& state, std::size_t limit, const Division& division) {
  Limit& of = state.limits[limit];
  of.level += of.flow * seconds(state.at - of.level_at);
  of.level_at = state.at;
  double largest = 0;
  for (std::size_t i = 0; i < state.members.size(); ++i) {
    const Share* share = share_of(state.members[i], limit);
    if (share != nullptr && division.takes_turn[i]) largest = std::max(largest, share->need);
  }
  const double saved = largest > 0 ? largest + of.flow * seconds(kPatience) : 0;
  of.level = std::min(of.level, saved);
}

}  // namespace

double round_down(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 0;
  double scale = 1;  // powers of ten are exact up to 10^22
  if (value < 1e5) {
    while (value * scale < 1e5 && scale < 1e15) scale *= 10;
    return std::floor(value * scale) / scale;
  }
  while (value / scale >= 1e6) scale *= 10;
  return std::floor(value / scale) * scale;
}

Division divide(const PoolState& state, std::size_t limit) {
  const Limit& of = state.limits[limit];
  const double all = of.kind == Kind::slots ? std::floor(of.cap + kRounding) : of.cap;
  std::vector<Demand> demands;
  demands.reserve(state.members.size());
  for (const Holder& holder : state.members) {
    const Share* share = share_of(holder, limit);
    demands.push_back({share != nullptr ? share->wants : 0, holder.weight});
  }
  std::vector<double> fair = water_fill(all, demands);
  return of.kind == Kind::slots ? divide_slots(state, limit, std::move(fair), all)
                                : divide_rate(state, limit, std::move(fair));
}

void record(PoolState& state, std::size_t limit, std::size_t member, const Claim& claim) {
  const Limit& of = state.limits[limit];
  Share& share = state.members[member].shares[limit];
  const bool whole = of.kind == Kind::slots;

  if (share.grant <= 0) {
    share.idle = 0;
    share.ceiling = 0;
  } else if (state.at >= state.pause_until && state.breaker.open_until == Ms(0) &&
             !learning(state)) {
    if (claim.used < kIdle * share.grant) {
      ++share.idle;
    } else {
      share.idle = 0;
      if (claim.used >= kBusy * share.grant) share.ceiling = 0;
    }
    if (share.idle >= kIdleCalls) {
      const double least = of.cap / (10 * static_cast<double>(state.members.size()));
      share.ceiling = std::max(claim.used + (share.grant - claim.used) / 2, least);
      if (whole) share.ceiling = std::max(std::ceil(share.ceiling), 1.0);
    }
  }
  share.wants = std::min(claim.wants * kHeadroom, of.cap);
  if (whole) share.wants = std::ceil(share.wants - kRounding);
  if (share.ceiling > 0) share.wants = std::min(share.wants, share.ceiling);
  if (!whole) share.wants = round_down(share.wants);
  share.need = whole ? std::min(share.wants, 1.0) : claim.need;
  share.held = claim.has;
  share.stated = claim.stated;

  const bool waits = share.wants > 0 && share.need > 0;
  if (waits && !share.waiting) share.since = state.at;
  share.waiting = waits;
}

Granted grant(PoolState& state, std::size_t limit, std::size_t member, const Claim& claim,
              bool leased) {
  Limit& of = state.limits[limit];
  const Division division = divide(state, limit);
  Share& share = state.members[member].shares[limit];
  const double others = held(state, limit) - share.held;
  const double has = claim.has;
  const double cap = of.kind == Kind::slots ? std::floor(of.cap + kRounding) : of.cap;
  double free = std::max(cap - std::max(others, 0.0), 0.0);

  collect(state, limit, division);
  double given = 0;
  if (learning(state)) {
    given = leased ? std::min(has, free) : 0;
  } else {
    free = std::max(free - division.pooled, 0.0);
    const double target = division.target[member];
    const bool keep =
        target < has && !others_short(state, limit, member, division) &&
        (of.kind == Kind::slots ? has <= share.wants : target >= has * (1 - kDeadBand));
    given = std::min(keep ? has : target, free);
  }
  if (of.kind == Kind::slots)
    given = std::floor(given + kRounding);
  else if (given < has)
    given = round_down(given);
  else
    given = std::max(round_down(given), has);

  if (of.kind == Kind::slots && (given > 0) != (share.grant > 0)) share.since = state.at;
  if (given < of.cap * kLeast) given = 0;  // what rounding has left over
  share.turns = division.takes_turn[member];
  share.grant = given;
  share.held = std::max(given, has);
  const double permitted = learning(state) ? 0 : permit(state, limit, member, division);
  of.flow = learning(state) ? 0 : round_down(std::min(division.pooled, cap - held(state, limit)));
  return {of.name, given, permitted, of.cap, of.known};
}

}  // namespace sluice::fleet
