// The names of tiers of service, as requests and replies have them (docs/providers.md, Tiers). Plain
// functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/price.h"
#include "provider/endpoint.h"

namespace sluice::provider {

using core::Tier;

// The tier that a service calls so, in any case: "flex", "ON_DEMAND_FLEX", "default", …; nullopt
// where the name is empty or not known. OpenAI's "fast" is its priority.
std::optional<Tier> tier_named(std::string_view name);

// The tier that the endpoint's requests ask for, by the names that its service sells tiers under;
// nullopt where they name none, or one that is not known.
std::optional<Tier> tier_asked(const EndpointSpec& endpoint);

// "standard", "flex", "priority", "batch", "fast"; "" for Tier::asked.
std::string_view tier_name(Tier tier);

}  // namespace sluice::provider
