#include "codec/prices.h"

#include <algorithm>
#include <span>
#include <string>

#include "codec/model_names.h"
#include "codec/price_rows.h"
#include "codec/registry.h"
#include "codec/vertex.h"

namespace sluice::codec {
namespace {

using core::Money;
using core::Price;
using core::Rates;
using core::Tier;
using provider::Model;
using provider::ModelFacts;
using provider::Profile;

const Model* find(std::span<const Model> models, std::string_view name) {
  const auto found = std::ranges::find(models, name, &Model::name);
  return found == models.end() ? nullptr : &*found;
}

// What the service that is asked sells under this name; else the dearest of all that do.
const Model* exact(std::string_view name, const Profile* asked) {
  if (asked != nullptr) {
    if (const Model* model = find(asked->models, name)) return model;
  }
  const Model* dearest = nullptr;
  for (const price_rows::List& list : price_rows::kLists) {
    const Model* model = find(list.models, name);
    if (model == nullptr) continue;
    if (dearest == nullptr || model->facts.price.output > dearest->facts.price.output)
      dearest = model;
  }
  return dearest;
}

Money regional(Money money) {
  return Money::picodollars((money.picodollars() * 11 + 5) / 10);
}
Rates regional(Rates rates) {
  for (Money* money : {&rates.input, &rates.cached_input, &rates.output}) *money = regional(*money);
  for (auto* money : {&rates.cache_write, &rates.cache_write_1h})
    if (*money) *money = regional(**money);
  return rates;
}

void set_rates(Price& price, const Rates& rates) {
  price.input = rates.input;
  price.cached_input = rates.cached_input;
  price.output = rates.output;
  price.cache_write = rates.cache_write;
  price.cache_write_1h = rates.cache_write_1h;
}

}  // namespace

std::optional<ModelFacts> model_facts(std::string_view name, const Profile* asked) {
  for (const ListedName& listed : listed_names(name)) {
    if (listed.name.ends_with(":free")) return ModelFacts{};
    const Model* model = exact(listed.name, asked);
    if (model == nullptr) continue;
    ModelFacts facts = model->facts;
    if (listed.regional) facts.price = in_region(facts.price);
    return facts;
  }
  return std::nullopt;
}

Price half_of(const Price& price) {
  const auto half = [](core::Money money) {
    return core::Money::picodollars((money.picodollars() + 1) / 2);
  };
  const auto halves = [&](core::Rates rates) {
    rates.input = half(rates.input);
    rates.cached_input = half(rates.cached_input);
    rates.output = half(rates.output);
    if (rates.cache_write) rates.cache_write = half(*rates.cache_write);
    if (rates.cache_write_1h) rates.cache_write_1h = half(*rates.cache_write_1h);
    return rates;
  };
  Price halved = price;
  set_rates(halved, halves(price.rates(Tier::asked, 0)));
  halved.above = halves(price.above);
  return halved;
}

std::optional<Price> at_tier(const Price& price, Tier tier) {
  constexpr auto kStandard = static_cast<std::size_t>(Tier::standard);
  if (tier == Tier::asked) return price;
  const auto& rates = price.tiers[static_cast<std::size_t>(tier)];
  if (!rates) return tier == Tier::standard ? std::optional(price) : std::nullopt;
  Price asked = price;
  if (!asked.tiers[kStandard]) asked.tiers[kStandard] = {price.rates(Tier::asked, 0), price.above};
  set_rates(asked, rates->rates);
  asked.above = rates->above;
  asked.tiers[static_cast<std::size_t>(tier)].reset();
  return asked;
}

Price in_region(const Price& price) {
  Price there = price;
  set_rates(there, regional(price.rates(Tier::asked, 0)));
  there.above = regional(price.above);
  for (auto& tier : there.tiers)
    if (tier) *tier = {regional(tier->rates), regional(tier->above)};
  return there;
}

std::optional<Price> price_of(const provider::EndpointSpec& endpoint, Tier tier) {
  std::optional<Price> price = endpoint.price;
  if (price) {
    price = at_tier(*price, tier).value_or(*price);
  } else {
    const auto facts = model_facts(endpoint.model, provider_of(endpoint).profile);
    if (facts) price = at_tier(facts->price, tier);
    if (facts && !price && tier == Tier::batch) price = half_of(facts->price);
    if (price && is_claude_in_region(endpoint)) price = in_region(*price);
  }
  if (price) price->writes = std::max(price->writes, endpoint.cache_writes);
  return price;
}

std::optional<Price> price_of(const provider::EndpointSpec& endpoint) {
  if (endpoint.price || endpoint.service_tier.empty()) return price_of(endpoint, Tier::asked);
  const auto tier = provider::tier_asked(endpoint);
  return tier ? price_of(endpoint, *tier) : std::nullopt;
}

std::string_view price_snapshot_date() {
  return price_rows::kAsOf;
}

}  // namespace sluice::codec
