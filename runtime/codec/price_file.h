// A file of prices, as the option `prices` of s.dispatch and SLUICE_PRICES name it: CSV with a line of
// column names, then a line for each model, or for each tier of a model (docs/reference.md, Prices).
// Its rows win over the list prices, and a price in the pipeline file wins over them.
//
// Immutable after parse(); any thread. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/price.h"
#include "provider/endpoint.h"

namespace sluice::codec {

// A price as a person states it: what is left out follows from the rest.
struct StatedPrice {
  core::Money input;
  core::Money output;
  std::optional<core::Money> cached_input = {};    // none: as input
  std::optional<core::Money> cache_write = {};     // none: as input
  std::optional<core::Money> cache_write_1h = {};  // none: as cache_write
  struct Above {
    std::uint64_t tokens = 0;
    core::Money input;
    core::Money output;
    std::optional<core::Money> cached_input = {};  // none: as this input
  };
  std::optional<Above> above = {};
};

// What is written to a cache above the step costs as much more as the input does. The worst case
// counts the cache writes that the price names.
core::Price price_from(const StatedPrice& stated);

// "0.75": dollars per million tokens, as the price of one; nullopt when it is not a price.
std::optional<core::Money> per_token(std::string_view dollars_per_million);

class PriceFile {
 public:
  struct Row {
    std::string provider;  // a profile's name; empty: any
    std::string model;     // in lower case
    core::Price price;     // of the standard tier, with those that the file names
    std::string source;    // as the file says, for people
    std::string as_of;
    std::size_t line = 0;  // of the standard tier
  };

  // The error's `where` is "name:line"; its message names the column.
  static core::Result<PriceFile> parse(std::string_view text, const std::string& name);

  const std::vector<Row>& rows() const { return rows_; }

  // The endpoint's price, at the tier that its requests ask for; where the file does not name that
  // tier, the standard one's. nullopt: the model is not in the file.
  std::optional<core::Price> price_of(const provider::EndpointSpec& endpoint) const;

 private:
  std::vector<Row> rows_;
};

}  // namespace sluice::codec
