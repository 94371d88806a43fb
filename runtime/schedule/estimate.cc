#include "schedule/estimate.h"

#include <algorithm>

#include "provider/exchange.h"

namespace sluice::schedule {

Estimator::Estimator(std::optional<int> max_output_tokens)
    : max_output_tokens_(max_output_tokens) {}

Tokens Estimator::expected(const Demand& demand) const {
  return bounded(demand, tokens_per_byte_, output_per_row_);
}

Tokens Estimator::presumed(const Demand& demand) const {
  return bounded(demand, 1 / kDefaultBytesPerToken, kDefaultOutputTokensPerRow);
}

Tokens Estimator::bounded(const Demand& demand, double tokens_per_byte,
                          double output_per_row) const {
  const std::uint64_t most_input =
      provider::kMostTokensPerByte * demand.prompt_bytes + provider::kMostAddedTokens;
  return {.input = std::clamp(demand.prompt_bytes * tokens_per_byte, 1.0,
                              static_cast<double>(most_input)),
          .output = std::min(demand.rows * output_per_row,
                             static_cast<double>(worst_usage(demand).output))};
}

void Estimator::learn(const Demand& demand, const provider::Usage& usage, provider::Tier tier) {
  if (usage.input == 0 || demand.prompt_bytes == 0 || demand.rows == 0) return;
  const std::uint64_t bound = demand.prompt_bytes + kFrameTokens;
  if (usage.input > bound) added_tokens_ = std::max(added_tokens_, usage.input - bound);
  billed_.learn(usage, tier);
  answers_ = std::min(answers_ + 1, kEstimateMemory);
  const double weight = 1.0 / static_cast<double>(answers_);
  const auto learn_one = [weight](double& mean, double seen) { mean += weight * (seen - mean); };
  learn_one(mean_bytes_, demand.prompt_bytes);
  learn_one(mean_input_, static_cast<double>(usage.input));
  learn_one(mean_rows_, demand.rows);
  learn_one(mean_output_, static_cast<double>(usage.output));
  tokens_per_byte_ = mean_input_ / mean_bytes_;
  output_per_row_ = mean_output_ / mean_rows_;
}

provider::Usage Estimator::worst_usage(const Demand& demand) const {
  return {.input = demand.prompt_bytes + kFrameTokens + added_tokens_,
          .output = max_output_tokens_
                        ? static_cast<std::uint64_t>(std::max(0, *max_output_tokens_))
                        : kUncappedOutputTokens};
}

core::Money Estimator::worst_cost(const Demand& demand, const core::Price& price) const {
  return provider::most_cost_of(worst_usage(demand), price, billed_);
}

}  // namespace sluice::schedule
