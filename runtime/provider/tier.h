// The names of tiers of service, as requests and replies have them (docs/providers.md, Tiers). Plain
// functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/price.h"

namespace sluice::provider {

using core::Tier;

// The tier that a service calls so, in any case: "flex", "ON_DEMAND_FLEX", "default", …; nullopt
// where the name is empty or not known. OpenAI's "fast" is its priority.
std::optional<Tier> tier_named(std::string_view name);

// "standard", "flex", "priority", "batch"; "" for Tier::asked.
std::string_view tier_name(Tier tier);

}  // namespace sluice::provider
