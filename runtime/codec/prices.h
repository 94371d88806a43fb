// List prices and limits of the models that the profiles name (codec/registry.h), as of the snapshot
// date in prices.cc. Prices move: what the pipeline file says wins. Plain functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/money.h"
#include "provider/profile.h"

namespace sluice::codec {

// `model` as the user writes it, in any case; a dated or prefixed variant ("openai/gpt-5-mini",
// "gpt-5-mini-2025-08-07") finds its base model. A free variant ("…:free") costs nothing. nullopt
// when the model is not known.
//
// Several services sell some open models, at different prices: `asked` says which one is asked.
// Where it does not decide, the dearest price stands, since budgets are hard.
std::optional<provider::ModelFacts> model_facts(std::string_view model,
                                                const provider::Profile* asked = nullptr);

// What the endpoint's tokens cost: what the pipeline file says, else the list price. nullopt when
// neither is there.
std::optional<core::Price> price_of(const provider::EndpointSpec& endpoint);

// The date of the snapshot, "YYYY-MM-DD": to be shown beside any cost made from these prices.
std::string_view price_snapshot_date();

}  // namespace sluice::codec
