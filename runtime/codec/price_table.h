// The list prices as lines, one for each tier of each model: for `sluice prices`. Plain functions, any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/price_file.h"
#include "core/price.h"

namespace sluice::codec {

struct PriceLine {
  std::string provider;  // empty: any
  std::string model;
  core::Tier tier = core::Tier::standard;
  core::Rates rates;
  std::uint64_t step = 0;  // input tokens; above them `above` holds
  core::Rates above = {};
  std::string source;
  std::string as_of;
};

// Of all lists (price_rows.h), the standard tier of a model first.
std::vector<PriceLine> list_prices();

// The same of a file.
std::vector<PriceLine> prices_in(const PriceFile& file);

// Those of `lines` that are of `model`: as an endpoint's would be found, else those whose name holds
// it. Empty: none is.
std::vector<PriceLine> of_model(std::span<const PriceLine> lines, std::string_view model);

// What a million tokens cost, in dollars, with all digits: "0.003625".
std::string per_million(core::Money token);

// The lines as a file of prices (price_file.h), so that a file can begin as the list.
std::string as_price_file(std::span<const PriceLine> lines);

}  // namespace sluice::codec
