// List prices and limits of known models, as of the snapshot date in prices.cc. Prices move: what
// the pipeline file says wins.
#pragma once

#include <optional>
#include <string_view>

#include "core/money.h"

namespace sluice::provider {

struct ModelFacts {
  core::Price price;          // cached input falls back to the input price where the list has none
  int max_input_tokens = 0;   // 0 = unknown
  int max_output_tokens = 0;  // 0 = unknown
};

// `model` as the user writes it; a dated or prefixed variant ("openai/gpt-5-mini",
// "gpt-5-mini-2025-08-07") finds its base model. nullopt when the model is not known.
std::optional<ModelFacts> model_facts(std::string_view model);

}  // namespace sluice::provider
