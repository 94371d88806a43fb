#include "dsl/tiers.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/prices.h"
#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/options.h"
#include "provider/profile.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

using provider::EndpointSpec;
using provider::SoldTier;

constexpr std::string_view kFlex = "flex";
constexpr std::string_view kBatch = "batch";
// Where a service has a batch API, whatever else it sells.
constexpr SoldTier kBatchTier = {kBatch, ""};
// A cheap tier lets requests wait for a free moment (docs/providers.md, Tiers).
constexpr std::chrono::minutes kFlexTimeout{15};

std::string sold(const provider::Profile& profile) {
  std::string names;
  for (const SoldTier& tier : profile.tiers)
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", tier.name);
  if (profile.batch != nullptr) names += names.empty() ? "\"batch\"" : ", \"batch\"";
  return names;
}

const SoldTier& find_tier(const Arguments& tiers, std::size_t item, std::string_view name,
                          const provider::Profile& profile) {
  if (name == kBatch && profile.batch != nullptr) return kBatchTier;
  const auto found = std::ranges::find(profile.tiers, name, &SoldTier::name);
  if (found != profile.tiers.end()) return *found;
  const std::string shown(name.substr(0, 40));
  if (profile.tiers.empty() && profile.batch == nullptr) {
    tiers.fail_item(item, fmt::format("{} sells no tiers that are known here", profile.title),
                    "leave tiers out; service_tier = \"…\" is sent as it stands");
  }
  std::vector<std::string_view> names;
  for (const SoldTier& tier : profile.tiers) names.push_back(tier.name);
  if (profile.batch != nullptr) names.push_back(kBatch);
  tiers.fail_item(
      item, fmt::format("{} does not sell a tier \"{}\"", profile.title, shown),
      script::did_you_mean(name, names, fmt::format("{} sells: {}", profile.title, sold(profile))));
}

// One tier's own words, on top of the endpoint's.
void read_tier(const Arguments& own, EndpointSpec& spec) {
  read_limits(own, spec.limits);
  if (own.has("price")) spec.price = read_price(own);
  spec.timeout = own.duration("timeout").value_or(spec.timeout);
  if (own.has("first_byte_timeout")) spec.first_byte_timeout = own.duration("first_byte_timeout");
  if (own.has("weight")) spec.weight = own.number("weight");
  for (const std::string_view name : {"window", "requests", "search"})
    if (own.has(name) && !spec.batch)
      own.fail_key(name, fmt::format("only the tier \"batch\" has {}", name), "leave it out");
  if (own.has("window")) spec.batch_window = own.duration("window");
  if (own.has("search")) spec.batch_search = own.duration("search");
  if (const auto requests = own.whole("requests"))
    spec.batch_requests = static_cast<std::uint32_t>(*requests);
}

std::vector<EndpointSpec> by_tier(lua_State* lua, const Arguments& arguments,
                                  const EndpointSpec& base) {
  const provider::Profile& profile = *base.provider.profile;
  const Arguments tiers(arguments, section("tiers"), "tiers");
  std::vector<EndpointSpec> all;
  for (std::size_t i = 1; i <= tiers.items(); ++i) {
    tiers.push_item(i);
    const bool plain = lua_type(lua, -1) == LUA_TSTRING;
    lua_pop(lua, 1);
    EndpointSpec spec = base;
    std::optional<Arguments> own;
    if (!plain) own.emplace(tiers, section("tier"), i);
    const std::string name = plain ? tiers.text_item(i) : own->text_item(1);
    const SoldTier& tier = find_tier(tiers, i, name, profile);
    const bool batch = tier.name == kBatch;
    if (std::ranges::any_of(all, [&](const EndpointSpec& other) {
          return other.service_tier == tier.wire && other.batch == batch;
        }))
      tiers.fail_item(i, fmt::format("tier \"{}\" is listed twice", tier.name), "name it once");
    spec.service_tier = tier.wire;
    spec.batch = batch;
    if (batch && profile.address != nullptr)
      if (const auto fits = profile.address(spec); !fits)
        tiers.fail_item(i, fits.error().message, fits.error().where);
    if (batch && spec.price) spec.price = codec::half_of(*spec.price);
    spec.name = fmt::format("{} {}", base.name, tier.name);
    if (tier.name == kFlex && !arguments.has("timeout")) spec.timeout = kFlexTimeout;
    if (own) read_tier(*own, spec);
    spec.of_tiers = true;
    all.push_back(std::move(spec));
  }
  return all;
}

std::vector<core::Secret> read_keys(lua_State* lua, const Arguments& arguments) {
  std::vector<core::Secret> keys = arguments.secrets("keys");
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (keys[k].empty()) continue;
    // The line is not shown: keys may stand in it.
    if (const auto wrong = core::wrong_with_secret(keys[k].reveal()))
      raise_at(lua, nullptr, {}, fmt::format("key {} of keys {}, which no key does", k + 1, *wrong),
               "give it as s.secret \"NAME\"");
    for (std::size_t other = 0; other < k; ++other) {
      if (keys[other].reveal() == keys[k].reveal())
        raise_at(lua, nullptr, {}, fmt::format("keys {} and {} are the same", other + 1, k + 1),
                 "two endpoints would count one quota twice; name each key once");
    }
  }
  return keys;
}

// What `base` is in each of its regions; it alone where there is no such option.
std::vector<EndpointSpec> by_region(const Arguments& arguments, const EndpointSpec& base) {
  if (!arguments.has("regions")) return {base};
  for (const std::string_view other : {"region", "base_url"})
    if (arguments.has(other))
      arguments.fail_key(other, fmt::format("regions and {} are both given", other),
                         "leave it out: each region has an address of its own");
  std::vector<EndpointSpec> all;
  for (const std::string& region : arguments.columns("regions")) {
    if (std::ranges::find(all, region, &EndpointSpec::region) != all.end())
      arguments.fail_value("regions", fmt::format("region \"{}\" is listed twice", region),
                           "name it once");
    EndpointSpec& spec = all.emplace_back(base);
    spec.region = region;
    auto address = base.provider.profile->address(spec);
    if (!address) arguments.fail_value("regions", address.error().message, address.error().where);
    spec.base_url = std::move(*address);
    spec.name = fmt::format("{} {}", base.name, region);
  }
  return all;
}

}  // namespace

void read_limits(const Arguments& arguments, provider::Limits& limits) {
  for (const auto& [name, quota] : kQuotaNames)
    if (arguments.has(name)) limits[quota] = arguments.number(name);
  if (arguments.has("max_concurrency")) limits.max_concurrency = arguments.whole("max_concurrency");
}

std::vector<EndpointSpec> expand(lua_State* lua, const Arguments& arguments, EndpointSpec base) {
  std::vector<core::Secret> keys;
  if (arguments.has("keys")) {
    if (arguments.has("key"))
      arguments.fail("key and keys are both given", "put all of them into keys");
    keys = read_keys(lua, arguments);
  }
  std::vector<EndpointSpec> tiers;
  if (arguments.has("tiers")) {
    if (arguments.has("service_tier"))
      arguments.fail_key("service_tier", "tiers and service_tier are both given",
                         "leave service_tier out: each tier sends its own");
    for (const EndpointSpec& region : by_region(arguments, base))
      for (EndpointSpec& spec : by_tier(lua, arguments, region)) tiers.push_back(std::move(spec));
  } else {
    tiers = by_region(arguments, base);
  }
  std::vector<EndpointSpec> all;
  for (const EndpointSpec& tier : tiers) {
    for (std::size_t k = 0; k < std::max<std::size_t>(1, keys.size()); ++k) {
      EndpointSpec& spec = all.emplace_back(tier);
      spec.same_model = all.size() > 1;
      if (keys.empty()) continue;
      spec.key = keys[k];
      if (keys.size() > 1) spec.name += fmt::format(" key{}", k + 1);
    }
  }
  return all;
}

}  // namespace sluice::dsl
