// tiers = { … }, regions = { … } and keys = { … } of an endpoint: each tier, region and key is an
// endpoint of its own, with its own quota and price; they multiply.
//
// Threads: as the Lua state. Errors are raised into Lua.
#pragma once

#include <lua.hpp>
#include <vector>

#include "dsl/arguments.h"
#include "provider/endpoint.h"

namespace sluice::dsl {

// Sets the limits that are given.
void read_limits(const Arguments& arguments, provider::Limits& limits);

// The endpoints that `base` stands for, in the order written: region by region, within each tier by
// tier, and key by key. It alone, where there is no such option. `base` has its provider, its name and the endpoint's own key.
std::vector<provider::EndpointSpec> expand(lua_State* lua, const Arguments& arguments,
                                           provider::EndpointSpec base);

}  // namespace sluice::dsl
