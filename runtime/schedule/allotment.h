// How much each endpoint is to sell us, so that what is left of the job is bought at the least cost
// and still ends in time.
//
// Problem: the cheapest endpoint that has room *now* is dear as soon as the cheap ones are full, even
// where there is all the time in the world to wait for them.
//
// Mechanism: a fractional knapsack. Endpoints are taken by price, each with all that it delivers
// until the deadline, until that covers the work; the last one taken gets the share that is needed,
// spread evenly over the time, and the dearer ones nothing. The cheap ones are full all the time, so
// their quota is used to the last moment, and that is all that can be saved.
//
// The control law: decided again and again from what is left (purchase.h), it corrects itself. Where
// the cheap ones deliver less than was thought, by r a second, the share of the dear one settles at
// r a second more, whatever the error; where they deliver more, it goes to nothing.
//
// What has not been measured yet has two figures (Offer): `per_second` is safe to count on, `at_most`
// is what it may turn out to be. The dear ones wait for the cheap to be measured, as long as that is
// safe: all together could still do the work in four fifths of the time, begun after Need::measuring.
//
// Threads: plain functions, any thread. No clock.
//
// Invariants:
//   1. At least one endpoint is open, whatever the offers.
//   2. Where an endpoint is open, all cheaper ones are, and all of the same price; but for those that
//      would answer after the deadline, which get nothing as long as another can.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::schedule {

// What one endpoint sells. Times in seconds.
struct Offer {
  double cost = 0;        // of a request, expected; in any unit
  double per_second = 0;  // answers that can be counted on
  double at_most = 0;     // answers that it may turn out to give; not less than per_second
  double slowest = 0;     // nearly all answers take no longer
  bool usable = true;     // it is there: else it is tried, and nothing is expected of it
};

struct Need {
  std::optional<double> requests{};  // not sent yet; nullopt = not known
  std::optional<double> seconds{};   // until all must be answered; nullopt = there is no deadline
  // Of these, what is kept for surprises: the cheap ones use it too, the last one taken does without.
  double margin = 0;
  double measuring = 0;  // until the offers will be known better
};

enum class Urgency : std::uint8_t {
  none,      // the cheapest are enough
  some,      // dearer ones have to help
  unknown,   // how much is left, so all that can be had is used
  too_late,  // all of them together do not do it in time, as far as can be told
};

struct Allotted {
  // Requests a second, by offer: infinity = as many as it takes, 0 = none.
  std::vector<double> per_second;
  Urgency urgency = Urgency::none;
};

Allotted allot(std::span<const Offer> offers, const Need& need);

}  // namespace sluice::schedule
