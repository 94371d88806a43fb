#include "schedule/purchase.h"

#include <algorithm>
#include <cmath>

namespace sluice::schedule {
namespace {

// An answer, where none has come yet from anywhere.
constexpr core::Duration kUsual = std::chrono::seconds(20);
// The mean of a request is that of so many.
constexpr std::uint64_t kDemandMemory = 256;
// The share that is answered is that of so many attempts.
constexpr double kAnsweredMemory = 100;
// Of the many that are in flight at the end, some take longer than 99.5 % of all.
constexpr double kSlower = 1.15;
// With hundreds in flight one takes much longer still. Up to this share of the run it costs next to nothing
// to wait for it.
constexpr double kSlowestOfMany = 0.6;
constexpr double kSpareShare = 0.002;
// A paced endpoint saves up what this brings, or one request.
constexpr double kSavedSeconds = 0.5;
// Latencies until an endpoint that has just begun is known.
constexpr double kToMeasure = 3;
// By time alone it is decided so many times on the way to the deadline.
constexpr int kLooks = 200;

bool is_there(core::Time now, const Endpoint& endpoint) {
  return !endpoint.stopped && endpoint.breaker.state(now) == BreakerState::closed;
}

// Neither its latency nor how many it takes at once will change much.
bool measured(const Endpoint& endpoint) {
  return endpoint.latency.median().has_value() && !endpoint.concurrency.climbing();
}

}  // namespace

double expected_cost(const Tokens& tokens, const core::Price& price) {
  return static_cast<double>(price.input.picodollars()) * tokens.input +
         static_cast<double>(price.output.picodollars()) * tokens.output;
}

Purchase::Purchase(std::size_t endpoints, const std::optional<core::Time>& deadline)
    : deadline_(deadline), answered_(endpoints, 1.0), paces_(endpoints), lowest_(endpoints, true) {}

void Purchase::submitted(const Demand& demand) {
  submitted_ = std::min(submitted_ + 1, kDemandMemory);
  const double weight = 1.0 / static_cast<double>(submitted_);
  bytes_ += weight * (demand.prompt_bytes - bytes_);
  rows_ += weight * (demand.rows - rows_);
}

void Purchase::completed(EndpointId endpoint, bool answered) {
  answered_[endpoint] += ((answered ? 1.0 : 0.0) - answered_[endpoint]) / kAnsweredMemory;
}

double Purchase::Pace::saved_at(core::Time now) const {
  const double brought = per_second * core::in_seconds(std::max(now - at, core::Duration::zero()));
  return std::min(saved + brought, std::max(1.0, per_second * kSavedSeconds));
}

core::Time Purchase::earliest(core::Time now, EndpointId endpoint) const {
  const Pace& pace = paces_[endpoint];
  if (std::isinf(pace.per_second)) return now;
  if (pace.per_second <= 0) return core::Time::max();
  constexpr double kRounding = 1e-6;
  const double lacks = 1 - pace.saved_at(now);
  if (lacks <= kRounding) return now;
  const double wait = std::ceil(lacks / pace.per_second * 1e9);
  constexpr double kLongest = 1e18;  // nanoseconds
  return now + core::Duration(static_cast<std::int64_t>(std::min(wait, kLongest)));
}

void Purchase::sent(core::Time now, EndpointId endpoint) {
  Pace& pace = paces_[endpoint];
  if (!lowest_[endpoint]) {
    ++state_.dearer;
    if (deadline_ && state_.urgency != Urgency::none) ++state_.pressed;
  }
  if (std::isinf(pace.per_second)) return;
  pace.saved = pace.saved_at(now) - 1;  // below zero where nothing else would take it
  pace.at = now;
}

core::Duration Purchase::margin(core::Time now) const {
  const core::Duration rest = *deadline_ - now;
  const auto margin = std::min(
      kMostMargin,
      core::Duration(std::llround(kMargin * static_cast<double>((*deadline_ - *began_).count()))));
  return std::max(core::Duration::zero(), std::min(margin, rest / 2));
}

std::optional<core::Time> Purchase::due() const {
  if (!deadline_ || !decided_) return std::nullopt;
  return *decided_ + std::max(kAgain, (*deadline_ - *decided_) / kLooks);
}

Offer Purchase::offer(core::Time now, const Endpoint& endpoint, double answered,
                      core::Duration usual) const {
  const Demand demand{.id = 0,
                      .prompt_bytes = static_cast<std::uint32_t>(std::lround(bytes_)),
                      .rows = static_cast<std::uint32_t>(std::max(1L, std::lround(rows_)))};
  const Tokens tokens = endpoint.estimate.expected(demand);
  const auto& mean = endpoint.latency.mean();
  const double takes = std::max(1e-3, core::in_seconds(mean.value_or(usual)));
  const double quota = endpoint.quota.per_second(
      now, tokens, deadline_ ? *deadline_ - now : core::Duration(std::chrono::hours(24)));
  const double learned =
      endpoint.rate.per_second().value_or(std::numeric_limits<double>::infinity());
  // A share of nothing is no share yet: one comes within a lease.
  const double share = endpoint.shares.per_second(now, tokens);
  const double limit =
      std::min({quota, learned, share > 0 ? share : std::numeric_limits<double>::infinity()});
  Offer offer;
  offer.cost = expected_cost(tokens, endpoint.config.price);
  offer.per_second = std::min(limit, endpoint.concurrency.limit() / takes) * answered;
  offer.at_most = offer.per_second;
  if (!measured(endpoint))
    offer.at_most = std::min(limit, endpoint.concurrency.cap() / takes) * answered;
  const double slowest =
      core::in_seconds(endpoint.latency.slowest().value_or(core::Duration::zero()));
  const double run = deadline_ && began_ ? core::in_seconds(*deadline_ - *began_) : 0;
  offer.slowest = kSlower * slowest + std::min(kSlowestOfMany * slowest, kSpareShare * run);
  // A tier that has no capacity now may have some soon; without a deadline nobody waits for that.
  const bool none_now = endpoint.shortage.active();
  if (none_now) offer.per_second = 0;
  offer.usable = is_there(now, endpoint) && (!none_now || deadline_);
  return offer;
}

std::vector<Offer> Purchase::offers(core::Time now, std::span<const Endpoint> endpoints) const {
  // One that has not answered yet takes as long as the slowest of the others.
  std::optional<core::Duration> usual;
  for (const Endpoint& endpoint : endpoints) {
    const auto& mean = endpoint.latency.mean();
    if (mean) usual = std::max(usual.value_or(*mean), *mean);
  }
  std::vector<Offer> offers;
  offers.reserve(endpoints.size());
  for (std::size_t e = 0; e < endpoints.size(); ++e)
    offers.push_back(offer(now, endpoints[e], answered_[e], usual.value_or(kUsual)));
  // What was learned of tokens differs a little from one endpoint to the next; the price does not.
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    for (std::size_t other = 0; other < e; ++other) {
      if (endpoints[e].config.price == endpoints[other].config.price)
        offers[e].cost = offers[other].cost;
    }
  }
  return offers;
}

double Purchase::delivers(core::Time now, std::span<const Endpoint> endpoints) const {
  // Half of what one may turn out to give is more than most guesses are wrong by.
  constexpr double kUnmeasured = 0.5;
  const std::vector<Offer> all = offers(now, endpoints);
  double sum = 0;
  for (std::size_t e = 0; e < all.size(); ++e) {
    if (endpoints[e].config.batch || endpoints[e].stopped) continue;
    sum += measured(endpoints[e]) ? all[e].per_second
                                  : std::max(all[e].per_second, kUnmeasured * all[e].at_most);
  }
  return sum;
}

double Purchase::could_deliver(core::Time now, std::span<const Endpoint> endpoints) const {
  const std::vector<Offer> all = offers(now, endpoints);
  double sum = 0;
  for (std::size_t e = 0; e < all.size(); ++e)
    if (!endpoints[e].config.batch && !endpoints[e].stopped) sum += all[e].at_most;
  return sum;
}

std::optional<double> Purchase::requests_left(std::size_t waiting) const {
  if (!outlook_.requests_left) return std::nullopt;
  return static_cast<double>(waiting) + *outlook_.requests_left;
}

double Purchase::measuring(std::span<const Endpoint> endpoints) const {
  double longest = 0;
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.stopped || measured(endpoint) || endpoint.in_flight == 0) continue;
    longest = std::max(longest, core::in_seconds(endpoint.latency.mean().value_or(kUsual)));
  }
  return kToMeasure * longest;
}

void Purchase::decide(core::Time now, std::span<const Endpoint> endpoints, std::size_t waiting) {
  if (!began_) began_ = now;
  if (decided_ && now - *decided_ < kAgain) return;
  decided_ = now;
  Need need;
  if (outlook_.requests_left)
    need.requests = static_cast<double>(waiting) + *outlook_.requests_left;
  if (deadline_) {
    need.seconds = core::in_seconds(*deadline_ - now);
    need.margin = core::in_seconds(margin(now));
  }
  need.measuring = measuring(endpoints);
  const std::vector<Offer> all = offers(now, endpoints);
  const Allotted allotted = allot(all, need);
  state_.urgency = allotted.urgency;
  const double least = std::ranges::min(all, {}, &Offer::cost).cost;
  for (std::size_t e = 0; e < paces_.size(); ++e) {
    Pace& pace = paces_[e];
    const bool was_closed = pace.per_second <= 0;
    const bool was_open = std::isinf(pace.per_second);
    pace.saved = was_closed || was_open ? 0 : pace.saved_at(now);
    pace.at = now;
    pace.per_second = allotted.per_second[e];
    lowest_[e] = all[e].cost <= least;
  }
}

}  // namespace sluice::schedule
