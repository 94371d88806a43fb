#include "provider/attempt_cost.h"

namespace sluice::provider {

AttemptCost attempt_cost(const Outcome& outcome, const core::Price& price, const WorstCase& worst) {
  AttemptCost cost{.billing = outcome.billing,
                   .usage = outcome.usage,
                   .cost = {},
                   .estimate = {},
                   .charged = outcome.charged};
  if (outcome.billing == Billing::possible) {
    cost.usage = worst.usage;
    cost.cost = worst.cost;
  } else {
    cost.cost = cost_of(outcome.usage, price, outcome.tier);
  }
  if (outcome.billing == Billing::known) cost.estimate = cost.cost;
  if (outcome.charged) cost.cost = *outcome.charged;
  return cost;
}

}  // namespace sluice::provider
