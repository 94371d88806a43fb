// What an endpoint's tokens cost, as the pipeline file says it: price = { … }, or 0.
#include "codec/price_file.h"
#include "dsl/constructors.h"
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMostPrice = 1e6;  // dollars per million tokens

// Dollars per million tokens. Without a fallback it must be given.
constexpr Option price_of(std::string_view name, std::string_view meaning, std::string_view example,
                          std::string_view fallback = {}) {
  return {.name = name,
          .type = number,
          .meaning = meaning,
          .example = example,
          .fallback = fallback,
          .required = fallback.empty(),
          .min = 0,
          .max = kMostPrice};
}

constexpr std::string_view kInput = "dollars per million input tokens";
constexpr std::string_view kCachedInput =
    "dollars per million input tokens read from the provider's cache";

constexpr Option kPrice[] = {
    price_of("input", kInput, "0.75"),
    price_of("output", "dollars per million output tokens, thinking included", "4.5"),
    price_of("cached_input", kCachedInput, "0.075", "as input"),
    price_of("cache_write",
             "dollars per million input tokens written to the provider's cache; where it is "
             "named, a budget counts each input token at it until the request is answered",
             "0.9375", "as input"),
    price_of("cache_write_1h", "the same for what is written for an hour", "1.5", "as cache_write"),
    {.name = "above",
     .type = table,
     .meaning = "what all tokens of a request with a long prompt cost",
     .example = "{ tokens = 272000, input = 1.5, output = 6.75 }",
     .fallback = "the length does not matter"},
};

constexpr Option kAbove[] = {
    {.name = "tokens",
     .type = whole,
     .meaning = "a request with more input tokens than this, cached ones included, costs these "
                "prices, all of it",
     .example = "272000",
     .required = true,
     .min = 1,
     .max = 1e9},
    price_of("input", kInput, "1.5"),
    price_of("output", "dollars per million output tokens", "6.75"),
    price_of("cached_input", kCachedInput, "0.15", "as this input"),
};

constexpr Section kSections[] = {
    {.name = "price",
     .kind = SectionKind::table,
     .meaning = "what tokens cost, an option of the endpoints; it holds at whatever tier a request "
                "is served. price = 0 where nothing costs anything",
     .example = "price = { input = 0.75, output = 4.5, cached_input = 0.075 }",
     .options = kPrice},
    {.name = "above",
     .kind = SectionKind::table,
     .meaning = "what a request with a long prompt costs, an option of price; what is written to "
                "the cache then costs as much more as the input does",
     .example = "above = { tokens = 272000, input = 1.5, output = 6.75, cached_input = 0.15 }",
     .options = kAbove}};

// Dollars per million tokens are millionths of a dollar per token.
std::optional<core::Money> per_token(const Arguments& table, std::string_view name) {
  const auto dollars = table.number(name);
  return dollars ? core::Money::from_dollars(*dollars * 1e-6) : std::nullopt;
}

}  // namespace

std::span<const Section> price_sections() {
  return kSections;
}

core::Price read_price(const Arguments& endpoint) {
  if (endpoint.number("price")) return {};  // it is 0
  const Arguments table(endpoint, section("price"), "price");
  codec::StatedPrice price{.input = *per_token(table, "input"),
                           .output = *per_token(table, "output"),
                           .cached_input = per_token(table, "cached_input"),
                           .cache_write = per_token(table, "cache_write"),
                           .cache_write_1h = per_token(table, "cache_write_1h")};
  if (table.has("above")) {
    const Arguments above(table, section("above"), "above");
    price.above = {.tokens = static_cast<std::uint64_t>(*above.whole("tokens")),
                   .input = *per_token(above, "input"),
                   .output = *per_token(above, "output"),
                   .cached_input = per_token(above, "cached_input")};
  }
  return codec::price_from(price);
}

}  // namespace sluice::dsl
