#include "store/records.h"

#include <algorithm>

namespace sluice::store {

EndpointLedger Account::total() const {
  EndpointLedger sum;
  for (const EndpointLedger& e : endpoints) {
    sum.attempts += e.attempts;
    sum.answered += e.answered;
    sum.failed += e.failed;
    sum.usage += e.usage;
    sum.cost += e.cost;
    sum.in_flight += e.in_flight;
    sum.parked += e.parked;
    sum.parked_cost += e.parked_cost;
    sum.maybe_billed += e.maybe_billed;
    sum.maybe_billed_cost += e.maybe_billed_cost;
    sum.maybe_billed_usage += e.maybe_billed_usage;
    sum.uncounted += e.uncounted;
    sum.uncounted_cost += e.uncounted_cost;
    sum.failed_usage += e.failed_usage;
    sum.failed_cost += e.failed_cost;
    sum.charged += e.charged;
    sum.charged_cost += e.charged_cost;
    sum.estimated_cost += e.estimated_cost;
  }
  return sum;
}

Account joined(const std::vector<Account>& accounts, std::size_t rows_of) {
  std::vector<Account> by_name;  // the ledgers of one endpoint each
  for (const Account& account : accounts) {
    for (const EndpointLedger& ledger : account.endpoints) {
      auto same = std::ranges::find_if(
          by_name, [&](const Account& one) { return one.endpoints[0].name == ledger.name; });
      if (same == by_name.end()) same = by_name.emplace(by_name.end());
      same->endpoints.push_back(ledger);
    }
  }
  Account sum = accounts[rows_of];
  sum.endpoints.clear();
  for (const Account& one : by_name) {
    sum.endpoints.push_back(one.total());
    sum.endpoints.back().name = one.endpoints[0].name;
  }
  return sum;
}

}  // namespace sluice::store
