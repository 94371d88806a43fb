#include "fleet/water_fill.h"

#include <algorithm>
#include <numeric>

namespace sluice::fleet {

std::vector<double> water_fill(double amount, std::span<const Demand> demands) {
  std::vector<std::size_t> order(demands.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // The ones that are satisfied first, first.
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const double left = demands[a].wants * demands[b].weight;
    const double right = demands[b].wants * demands[a].weight;
    return left != right ? left < right : a < b;
  });
  double weight = 0;
  for (const Demand& demand : demands) weight += demand.weight;
  std::vector<double> parts(demands.size());
  double left = std::max(amount, 0.0);
  for (const std::size_t i : order) {
    const Demand& demand = demands[i];
    const double fair = weight > demand.weight ? left * demand.weight / weight : left;
    parts[i] = std::min(demand.wants, fair);
    left = std::max(left - parts[i], 0.0);
    weight -= demand.weight;
  }
  return parts;
}

}  // namespace sluice::fleet
