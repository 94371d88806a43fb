// A file of prices from anywhere: it is read or refused, and what was read, written as a file again,
// reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/price_file.h"
#include "codec/price_table.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::codec;
  const auto file = PriceFile::parse({reinterpret_cast<const char*>(data), size}, "prices.csv");
  if (!file) {
    require(file.error().where.starts_with("prices.csv:"));
    return 0;
  }
  const auto again = PriceFile::parse(as_price_file(prices_in(*file)), "again.csv");
  require(again.has_value() && again->rows().size() == file->rows().size());
  for (std::size_t i = 0; i < file->rows().size(); ++i) {
    const PriceFile::Row& row = file->rows()[i];
    const PriceFile::Row& same = again->rows()[i];
    require(row.provider == same.provider && row.model == same.model);
    require(row.price.rates({}, 0) == same.price.rates({}, 0) && row.price.step == same.price.step);
  }
  return 0;
}
