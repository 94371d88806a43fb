// What the tokens of an endpoint cost: by what the pipeline file says, by a file of prices
// (price_file.h), by the list prices (price_rows.h). Prices move: the first that says something
// wins, in this order. Plain functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/price.h"
#include "provider/profile.h"

namespace sluice::codec {

// `model` as the user writes it, in any case; a dated or prefixed variant ("openai/gpt-5-mini",
// "gpt-5-mini-2025-08-07") finds its base model (model_names.h). A free variant ("…:free") costs
// nothing. nullopt when the model is not known.
//
// Several services sell some open models, at different prices: `asked` says which one is asked.
// Where it does not decide, the dearest price stands, since budgets are hard.
std::optional<provider::ModelFacts> model_facts(std::string_view model,
                                                const provider::Profile* asked = nullptr);

// `price`, of the standard tier, as it is for requests that ask for `tier`. nullopt: it does not say
// what that tier costs.
std::optional<core::Price> at_tier(const core::Price& price, core::Tier tier);

// Times 1.1, as in a region.
core::Price in_region(const core::Price& price);

// What the endpoint's tokens cost, at the tier that its requests ask for: what the pipeline file says,
// else the list price. nullopt when neither is there, or the list does not know the tier.
std::optional<core::Price> price_of(const provider::EndpointSpec& endpoint);

// The same for requests that ask for `tier`, whatever the endpoint's service_tier says.
std::optional<core::Price> price_of(const provider::EndpointSpec& endpoint, core::Tier tier);

// The day of the list prices, "YYYY-MM-DD": to be shown beside any cost made from these prices. A row
// may be of another day (Model::as_of).
std::string_view price_snapshot_date();

// What a batch costs where no price list says it: half, with nearly all who sell them
// (docs/providers.md, Batch APIs).
core::Price half_of(const core::Price& price);

}  // namespace sluice::codec
