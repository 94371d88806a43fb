#include "schedule/allotment.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace sluice::schedule {
namespace {

constexpr double kOpen = std::numeric_limits<double>::infinity();
// Costs are estimates: what differs by less is one price.
constexpr double kSamePrice = 1.01;
// Of the time, in which all together must be able to do the work before the dear ones may wait.
constexpr double kSafeShare = 0.8;

enum class Count : std::uint8_t { safe, hopeful };

double rate(const Offer& offer, Count count) {
  if (!offer.usable) return 0;
  return count == Count::safe ? offer.per_second : offer.at_most;
}

// Requests that it answers in `seconds`, if they are sent as it takes them.
double delivers(const Offer& offer, double seconds, Count count) {
  const double sending = seconds - offer.slowest;
  const double per_second = rate(offer, count);
  return sending > 0 && per_second > 0 ? sending * per_second : 0;
}

class Market {
 public:
  explicit Market(std::span<const Offer> offers) : offers_(offers), by_cost_(offers.size()) {
    std::iota(by_cost_.begin(), by_cost_.end(), std::size_t{0});
    std::ranges::sort(by_cost_, [&](std::size_t a, std::size_t b) {
      return offers[a].cost != offers[b].cost ? offers[a].cost < offers[b].cost : a < b;
    });
  }

  // Those that cost the same as the one at place `first` of the order.
  std::span<const std::size_t> of_one_price(std::size_t first) const {
    std::size_t end = first + 1;
    const double most = offers_[by_cost_[first]].cost * kSamePrice;
    while (end < by_cost_.size() && offers_[by_cost_[end]].cost <= most) ++end;
    return std::span(by_cost_).subspan(first, end - first);
  }

  double all_deliver(double seconds) const {
    double sum = 0;
    for (const Offer& offer : offers_) sum += delivers(offer, seconds, Count::safe);
    return sum;
  }

  Allotted cheapest_usable() const {
    Allotted out{.per_second = std::vector<double>(offers_.size(), 0.0)};
    for (std::size_t at = 0; at < by_cost_.size();) {
      const auto price = of_one_price(at);
      bool usable = false;
      for (const std::size_t e : price) {
        out.per_second[e] = kOpen;
        usable = usable || offers_[e].usable;
      }
      if (usable) return out;
      out.urgency = Urgency::some;
      at += price.size();
    }
    return out;
  }

  Allotted in_time(const Need& need, Count count) const {
    const double seconds = *need.seconds;
    Allotted out{.per_second = std::vector<double>(offers_.size(), 0.0)};
    double left = *need.requests;
    double last_left = 0;  // of the work, when the dearest were taken; 0 = nothing sold before
    bool sells = false;    // one that delivers in time is among those taken
    for (std::size_t at = 0; at < by_cost_.size();) {
      const auto price = of_one_price(at);
      double sum = 0;   // if these are the last
      double more = 0;  // if others help
      for (const std::size_t e : price) {
        sum += delivers(offers_[e], seconds - need.margin, count);
        more += delivers(offers_[e], seconds, count);
      }
      if (at > 0) out.urgency = Urgency::some;
      const bool last = sum >= left && sum > 0;
      for (const std::size_t e : price)
        out.per_second[e] = last && sells ? left / sum * rate(offers_[e], count) : kOpen;
      if (last) return out;
      last_left = sells ? left : 0;
      // What is too slow to answer in time is left out, unless there is nothing else.
      const bool late = std::ranges::all_of(
          price, [&](std::size_t e) { return offers_[e].usable && offers_[e].slowest >= seconds; });
      if (late) {
        for (const std::size_t e : price) out.per_second[e] = 0;
      }
      left = std::max(0.0, left - more);
      sells = sells || more > 0;
      at += price.size();
    }
    out.urgency = Urgency::too_late;
    pace_last(out, last_left, seconds - need.margin);
    if (!sells) std::ranges::fill(out.per_second, kOpen);
    return out;
  }

 private:
  // The dearest get no more than would do, were they fast enough: how fast they are may not be known
  // yet, and all their slots would be filled at once.
  void pace_last(Allotted& out, double left, double seconds) const {
    if (left <= 0 || seconds <= 0) return;
    const double most = offers_[by_cost_.back()].cost;
    for (std::size_t e = 0; e < offers_.size(); ++e) {
      if (offers_[e].cost * kSamePrice >= most && out.per_second[e] > 0 && offers_[e].usable)
        out.per_second[e] = left / seconds;
    }
  }

  std::span<const Offer> offers_;
  std::vector<std::size_t> by_cost_;
};

}  // namespace

Allotted allot(std::span<const Offer> offers, const Need& need) {
  const Market market(offers);
  if (!need.seconds) return market.cheapest_usable();
  if (!need.requests)
    return {.per_second = std::vector<double>(offers.size(), kOpen), .urgency = Urgency::unknown};
  const double enough = (*need.seconds - need.measuring) * kSafeShare;
  const bool may_wait = market.all_deliver(enough) >= *need.requests;
  return market.in_time(need, may_wait ? Count::hopeful : Count::safe);
}

}  // namespace sluice::schedule
