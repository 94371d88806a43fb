// What a request will take at one endpoint, learned from what earlier ones took there.
//
// Two figures, for two purposes:
//   expected  the mean, for quotas and routing. Being wrong is settled when the answer comes.
//   worst     an upper bound, for money. The budget is hard, so this must not be wrong.
//
// Threads: one.
#pragma once

#include "core/money.h"
#include "core/price.h"
#include "provider/outcome.h"
#include "schedule/types.h"

namespace sluice::schedule {

// Until the first answer: 4 bytes a token is what English prose has in the common vocabularies; 128
// tokens is a short structured answer.
constexpr double kDefaultBytesPerToken = 4.0;
constexpr double kDefaultOutputTokensPerRow = 128.0;
// From the 32nd answer on a new one weighs 1/32, before that 1/n: a plain mean that turns into an
// exponentially weighted one.
constexpr std::uint64_t kEstimateMemory = 32;

// A byte-level vocabulary never makes more tokens than there are bytes; the chat frame around the
// messages adds a few, for which this is ample.
constexpr std::uint64_t kFrameTokens = 64;
// The worst case of the output where no max_output_tokens is set: the most that current OpenAI,
// Anthropic and Google models write in one reply. A model that can write more needs the cap.
constexpr std::uint64_t kUncappedOutputTokens = 128'000;

struct Tokens {
  double input = 0;
  double output = 0;
  double total() const { return input + output; }
};

class Estimator {
 public:
  explicit Estimator(std::optional<int> max_output_tokens);

  // Bounded by what replies are believed (provider/exchange.h): a service may add to the prompt.
  Tokens expected(const Demand& demand) const;
  // The same from the defaults alone, whatever was learned.
  Tokens presumed(const Demand& demand) const;
  // Figures without input tokens are no figures, and teach nothing.
  void learn(const Demand& demand, const provider::Usage& usage,
             provider::Tier tier = provider::Tier::asked);

  provider::Usage worst_usage(const Demand& demand) const;
  // At the dearest that can happen: see provider::most_cost_of.
  core::Money worst_cost(const Demand& demand, const core::Price& price) const;

 private:
  Tokens bounded(const Demand& demand, double tokens_per_byte, double output_per_row) const;

  std::optional<int> max_output_tokens_;
  double tokens_per_byte_ = 1 / kDefaultBytesPerToken;
  double output_per_row_ = kDefaultOutputTokensPerRow;
  // Weighted means; the ratios above are their quotients, so that long requests, which fill the
  // quota, count for as much as they fill.
  double mean_bytes_ = 0;
  double mean_input_ = 0;
  double mean_rows_ = 0;
  double mean_output_ = 0;
  std::uint64_t answers_ = 0;
  // Input tokens beyond a prompt's bytes and kFrameTokens, at most, so far: some services add
  // instructions of their own.
  std::uint64_t added_tokens_ = 0;
  provider::Billed billed_;
};

}  // namespace sluice::schedule
