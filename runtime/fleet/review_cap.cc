// What a limit is: the smallest that a live member states, else what refusals teach.
#include <algorithm>
#include <cmath>

#include "fleet/grant.h"

namespace sluice::fleet {
namespace {

std::optional<double> smallest_stated(const PoolState& state, std::size_t limit) {
  std::optional<double> least;
  for (const Holder& holder : state.members) {
    if (limit >= holder.shares.size()) continue;
    const std::optional<double>& stated = holder.shares[limit].stated;
    if (stated && (!least || *stated < *least)) least = stated;
  }
  return least;
}

bool in_use(const PoolState& state, std::size_t limit, std::size_t member, const Claim& claim) {
  double held = 0;
  for (const Holder& holder : state.members)
    if (limit < holder.shares.size()) held += holder.shares[limit].held;
  const double granted = state.members[member].shares[limit].grant;
  return held >= kBusy * std::floor(state.limits[limit].cap) && granted > 0 &&
         claim.used >= kIdle * granted;
}

}  // namespace

void review_cap(PoolState& state, std::size_t limit, std::size_t member, const Claim& claim) {
  Limit& of = state.limits[limit];
  const Holder& holder = state.members[member];
  if (const std::optional<double> stated = smallest_stated(state, limit)) {
    of.cap = *stated;
    of.known = true;
    of.prober.clear();
    return;
  }
  of.known = false;  // and the cap is what was stated last, or the guess
  if (learning(state)) {
    // What the fleet had learned before the state was lost.
    if (claim.cap > 0 && (!of.brought || claim.cap < of.cap)) {
      of.cap = claim.cap;
      of.brought = true;
    }
    return;
  }
  if (claim.refused && state.at - of.cut_at >= kWindow) {
    of.cap = of.kind == Kind::slots ? std::max(std::floor(of.cap * kCut), 1.0)
                                    : round_down(of.cap * kCut);
    of.cut_at = state.at;
  }
  if (of.prober_until <= state.at) of.prober.clear();
  if (of.prober.empty() && claim.wants > 0) of.prober = holder.id;
  if (of.prober != holder.id) return;
  of.prober_until = claim.wants > 0 ? state.at + kProber : state.at;
  if (state.at - of.cut_at < kWindow || state.at - of.raised_at < kWindow) return;
  if (!in_use(state, limit, member, claim)) return;
  of.cap = of.kind == Kind::slots ? std::max(std::floor(of.cap * kRaise), of.cap + 1)
                                  : round_down(of.cap * kRaise);
  of.raised_at = state.at;
}

}  // namespace sluice::fleet
