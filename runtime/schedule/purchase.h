// Route::deadline: which endpoints may be bought from now, decided again all the time (allotment.h).
//
// What is left is what waits in the scheduler and what is still to be submitted, which Outlook tells.
// What an endpoint delivers is the least of its quota, its learned rate and, by Little's law, its
// slots over its mean latency; times the share of its attempts that are answered. Of an endpoint that
// has not answered anything there is its quota, and else a cautious guess.
//
//   no deadline      the cheapest that can be had, and the next dearer one while it cannot
//   a deadline       as allot() says; kMargin of the run is kept for surprises
//   nobody knows how much is left (a pipe): all, the cheapest first
//
// Decided when poll() is called and kAgain has passed since the last time, and by time alone less
// often, the farther the deadline is away. Between, a dear endpoint is paced by the rate that it was
// given.
//
// Threads: one. Reads no clock.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "schedule/allotment.h"
#include "schedule/endpoint.h"

namespace sluice::schedule {

// Of a request, in picodollars. As if no prompt cache were there: what is read from one depends on
// which endpoint has been asked before, so that a price that counts it would hold on to whichever
// came first, and leave a cheaper one unasked whose cache is cold.
double expected_cost(const Tokens& tokens, const core::Price& price);

class Purchase {
 public:
  static constexpr core::Duration kAgain = std::chrono::milliseconds(250);
  static constexpr double kMargin = 0.02;
  static constexpr core::Duration kMostMargin = std::chrono::minutes(5);

  Purchase(std::size_t endpoints, const std::optional<core::Time>& deadline);

  void submitted(const Demand& demand);
  void outlook(const Outlook& outlook) { outlook_ = outlook; }
  void completed(EndpointId endpoint, bool answered);
  void sent(core::Time now, EndpointId endpoint);
  // `waiting`: requests that are submitted and not in flight.
  void decide(core::Time now, std::span<const Endpoint> endpoints, std::size_t waiting);

  // Requests a second that the endpoints deliver together, as far as is known.
  double delivers(core::Time now, std::span<const Endpoint> endpoints) const;
  // The most that they may turn out to deliver.
  double could_deliver(core::Time now, std::span<const Endpoint> endpoints) const;
  std::optional<double> requests_left(std::size_t waiting) const;

  // Nothing is to be bought there, or only at a pace.
  bool closed(EndpointId endpoint) const { return paces_[endpoint].per_second <= 0; }
  core::Time earliest(core::Time now, EndpointId endpoint) const;
  // When time alone may change what decide() says. Often it does not: such a wake-up sends nothing, and
  // costs one decision, at most one in kAgain.
  std::optional<core::Time> due() const;
  const Buying& state() const { return state_; }

 private:
  // What may be sent to one endpoint.
  struct Pace {
    double per_second = std::numeric_limits<double>::infinity();
    double saved = 1;  // requests, as of `at`
    core::Time at{};
    double saved_at(core::Time now) const;
  };
  core::Duration margin(core::Time now) const;
  std::vector<Offer> offers(core::Time now, std::span<const Endpoint> endpoints) const;
  Offer offer(core::Time now, const Endpoint& endpoint, double answered,
              core::Duration usual) const;
  double measuring(std::span<const Endpoint> endpoints) const;

  std::optional<core::Time> deadline_;
  std::optional<core::Time> began_;
  std::optional<core::Time> decided_;
  Outlook outlook_;
  std::uint64_t submitted_ = 0;
  double bytes_ = 0;  // of a request, in the mean
  double rows_ = 0;
  std::vector<double> answered_;  // share of the latest attempts, by EndpointId
  std::vector<Pace> paces_;
  std::vector<bool> lowest_;  // has the lowest price of all
  Buying state_;
};

}  // namespace sluice::schedule
