// List prices and limits of known models, as of the snapshot date in prices.cc. Prices move: what
// the pipeline file says wins. Plain functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/money.h"
#include "provider/endpoint.h"

namespace sluice::provider {

struct ModelFacts {
  core::Price price;          // cached input falls back to the input price where the list has none
  int max_input_tokens = 0;   // 0 = unknown
  int max_output_tokens = 0;  // 0 = unknown
};

// `model` as the user writes it, in any case; a dated or prefixed variant ("openai/gpt-5-mini",
// "gpt-5-mini-2025-08-07") finds its base model. A free variant ("…:free") costs nothing. nullopt
// when the model is not known.
//
// Several services sell some open models, at different prices: `base_url` says which one is asked.
// Where it does not decide, the dearest price stands, since budgets are hard.
std::optional<ModelFacts> model_facts(std::string_view model, std::string_view base_url = {});

// What the endpoint's tokens cost: what the pipeline file says, else the list price. nullopt when
// neither is there.
std::optional<core::Price> price_of(const EndpointSpec& endpoint);

// The date of the snapshot, "YYYY-MM-DD": to be shown beside any cost made from these prices.
std::string_view price_snapshot_date();

}  // namespace sluice::provider
