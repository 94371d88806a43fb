// tiers = { … }, regions = { … } and keys = { … } of an endpoint: each tier, region and key is an
// endpoint of its own, with its own quota and price; they multiply.
//
// Threads: as the Lua state. Errors are raised into Lua.
#pragma once

#include <lua.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/arguments.h"
#include "provider/endpoint.h"

namespace sluice::dsl {

// Each quota by the name of its option.
inline constexpr std::pair<std::string_view, provider::Quota> kQuotaNames[] = {
    {"rpm", provider::Quota::requests_per_minute},
    {"tpm", provider::Quota::tokens_per_minute},
    {"input_tpm", provider::Quota::input_tokens_per_minute},
    {"output_tpm", provider::Quota::output_tokens_per_minute},
    {"rpd", provider::Quota::requests_per_day},
    {"tpd", provider::Quota::tokens_per_day}};

// Sets the limits that are given.
void read_limits(const Arguments& arguments, provider::Limits& limits);

// The endpoints that `base` stands for, in the order written: region by region, within each tier by
// tier, and key by key. It alone, where there is no such option. `base` has its provider, its name and the endpoint's own key.
std::vector<provider::EndpointSpec> expand(lua_State* lua, const Arguments& arguments,
                                           provider::EndpointSpec base);

}  // namespace sluice::dsl
