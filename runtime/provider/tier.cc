#include "provider/tier.h"

#include <algorithm>
#include <utility>

#include "provider/profile.h"

namespace sluice::provider {
namespace {

// What is paid for in advance (scale, reserved, provisioned) counts at the standard price.
constexpr std::pair<std::string_view, Tier> kNames[] = {
    {"standard", Tier::standard},
    {"default", Tier::standard},
    {"auto", Tier::standard},
    {"standard_only", Tier::standard},
    {"on_demand", Tier::standard},
    {"unspecified", Tier::standard},
    {"scale", Tier::standard},
    {"reserved", Tier::standard},
    {"provisioned_throughput", Tier::standard},
    {"flex", Tier::flex},
    {"on_demand_flex", Tier::flex},
    {"priority", Tier::priority},
    {"on_demand_priority", Tier::priority},
    {"fast", Tier::priority},
    {"batch", Tier::batch},
};

bool same(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

}  // namespace

std::optional<Tier> tier_named(std::string_view name) {
  const auto* found =
      std::ranges::find_if(kNames, [&](const auto& known) { return same(name, known.first); });
  return found == std::end(kNames) ? std::nullopt : std::optional(found->second);
}

std::optional<Tier> tier_asked(const EndpointSpec& endpoint) {
  if (endpoint.batch) return Tier::batch;
  const Profile* profile = endpoint.provider.profile;
  if (profile != nullptr) {
    const auto sold = std::ranges::find(profile->tiers, endpoint.service_tier, &SoldTier::wire);
    if (sold != profile->tiers.end() && sold->name == tier_name(Tier::fast)) return Tier::fast;
  }
  return tier_named(endpoint.service_tier);
}

std::string_view tier_name(Tier tier) {
  switch (tier) {
    case Tier::asked:
      return "";
    case Tier::standard:
      return "standard";
    case Tier::flex:
      return "flex";
    case Tier::priority:
      return "priority";
    case Tier::batch:
      return "batch";
    case Tier::fast:
      return "fast";
  }
  return "";
}

}  // namespace sluice::provider
