// Where a request can go now, and where it shall go.
//
// Threads: one.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "schedule/budget.h"
#include "schedule/endpoint.h"
#include "schedule/purchase.h"
#include "schedule/wait_queue.h"

namespace sluice::schedule {

// An endpoint that can take a request now.
struct Candidate {
  EndpointId endpoint = 0;
  Tokens expected;
  core::Money worst_cost;
  double room = 0;    // how many such requests it could take now
  bool late = false;  // it would be answered after the deadline, as far as one can tell
};

// What there is to know about sending one request at one moment.
struct Eligibility {
  std::vector<Candidate> candidates;  // in the order of the pipeline file
  std::optional<core::Time> when;     // else: the first moment at which time alone brings one
  EndpointSet fits;                   // where it is small enough to go at all, and not refused
  bool anywhere = false;              // some of those is not stopped
  bool affordable = false;            // the budget covers its worst case at some of these
  EndpointSet unwanted;               // Purchase wants nothing of these; empty = it has no say

  // `claimed` names endpoints whose quota and slots an older request is waiting for; empty = none.
  // `purchase`: what may be bought where; null = all. It has no say about a request that none
  // of the endpoints it wants can take. One Eligibility is made over and over, so that its memory is
  // kept.
  void make(const Request& request, core::Time now, std::span<const Endpoint> endpoints,
            const Budget& budget, const EndpointSet& claimed,
            const std::optional<core::Time>& deadline, const Purchase* purchase);
  // The first part alone: fits and anywhere. A single row that fits nowhere by what was learned and
  // by what servers said of their limits, but by the defaults and the pipeline file, fits where
  // these let it: no figure of a server's makes a row impossible. It goes when the bucket is full.
  void measure(const Request& request, std::span<const Endpoint> endpoints);
};

// Whether the endpoint's quota can never take it. A single row is held against the pipeline file
// and the defaults too: no figure of a server's makes a row impossible.
bool never_fits(const Demand& demand, const Endpoint& endpoint);

// Chooses among candidates.
//   cheapest  by expected cost; equal ones in the order of the pipeline file
//   deadline  the same; what is too dear for the moment is no candidate (purchase.h)
//   in_order  the first
//   spread    smooth weighted round robin, weighted by the endpoints' weights or, where none is
//             given, by what each has free: over time each gets its share, and no two in a row more
//             than it must
// Those that would be late come into question only where all would.
class Router {
 public:
  Router(Route route, std::span<const Endpoint> endpoints);
  // `candidates` must not be empty; those that need not be considered are taken out.
  const Candidate& choose(std::vector<Candidate>& candidates, std::span<const Endpoint> endpoints);

 private:
  const Candidate& next_in_turn(std::span<const Candidate> candidates,
                                std::span<const Endpoint> endpoints);

  Route route_;
  bool weighted_;
  std::vector<double> turn_;  // by EndpointId; sums to zero
};

}  // namespace sluice::schedule
