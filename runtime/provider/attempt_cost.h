// What one attempt cost: worked out here for all that count money, so that the scheduler's budget,
// the ledger and the run's figures cannot differ.
//
// Plain values and a plain function, any thread.
#pragma once

#include <optional>

#include "core/money.h"
#include "core/price.h"
#include "provider/outcome.h"

namespace sluice::provider {

// The most that an attempt can use and cost, as known before it is sent.
struct WorstCase {
  Usage usage;
  core::Money cost;
};

struct AttemptCost {
  Billing billing = Billing::none;
  Usage usage;       // what it used; where it may have been billed, the most it may have used
  core::Money cost;  // what budget and ledger count
  // The usage at list prices where the billing is known, else zero.
  core::Money estimate;
  std::optional<core::Money> charged;  // what a gateway says it charged, which is then the cost
};

// `outcome` is believed: provider/exchange.h has dropped from it what cannot be true. The cost is
// the charge, else the usage at `price` and the tier that the reply names, else, where the attempt may have been billed, the worst: it
// may have run to its end.
AttemptCost attempt_cost(const Outcome& outcome, const core::Price& price, const WorstCase& worst);

}  // namespace sluice::provider
