#include "codec/price_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/model_names.h"
#include "codec/price_rows.h"

namespace sluice::codec {
namespace {

using core::Tier;

// The standard tier of `line`'s model is there already: with it the other tiers of `price`.
void add(std::vector<PriceLine>& lines, PriceLine line, const core::Price& price) {
  line.step = price.step;
  line.rates = price.rates(Tier::asked, 0);
  line.above = price.above;
  lines.push_back(line);
  for (std::size_t t = 0; t < core::kTiers; ++t) {
    if (!price.tiers[t]) continue;
    line.tier = static_cast<Tier>(t);
    line.rates = price.tiers[t]->rates;
    line.above = price.tiers[t]->above;
    lines.push_back(line);
  }
}

std::string optional_price(const std::optional<core::Money>& token) {
  return token ? per_million(*token) : "";
}

std::string quoted(const std::string& cell) {
  constexpr std::string_view kBlank = " \t\r";
  const bool blank =
      !cell.empty() && (kBlank.contains(cell.front()) || kBlank.contains(cell.back()));
  if (!blank && cell.find_first_of(",\"") == cell.npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace

std::vector<PriceLine> list_prices() {
  std::vector<PriceLine> lines;
  for (const price_rows::List& list : price_rows::kLists) {
    for (const provider::Model& row : list.models) {
      add(lines,
          {.provider = std::string(list.provider),
           .model = std::string(row.name),
           .rates = {},
           .source = std::string(row.source),
           .as_of = std::string(row.as_of)},
          row.facts.price);
    }
  }
  return lines;
}

std::vector<PriceLine> prices_in(const PriceFile& file) {
  std::vector<PriceLine> lines;
  for (const PriceFile::Row& row : file.rows()) {
    add(lines,
        {.provider = row.provider,
         .model = row.model,
         .rates = {},
         .source = row.source,
         .as_of = row.as_of},
        row.price);
  }
  return lines;
}

std::vector<PriceLine> of_model(std::span<const PriceLine> lines, std::string_view model) {
  std::vector<PriceLine> found;
  const auto names = listed_names(model);
  for (const ListedName& name : names) {
    std::ranges::copy_if(lines, std::back_inserter(found),
                         [&](const PriceLine& line) { return line.model == name.name; });
    if (!found.empty()) return found;
  }
  if (names.empty()) return found;
  std::ranges::copy_if(lines, std::back_inserter(found), [&](const PriceLine& line) {
    return line.model.contains(names.front().name);
  });
  return found;
}

std::string per_million(core::Money token) {
  // A picodollar a token is a millionth of a dollar per million.
  const std::int64_t pico = token.picodollars();
  std::string text = fmt::format("{}.{:06}", pico / 1'000'000, pico % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string as_price_file(std::span<const PriceLine> lines) {
  std::string out =
      "provider,model,tier,input,cached_input,cache_write,cache_write_1h,output,above_tokens,"
      "above_input,above_cached_input,above_output,source,as_of\n";
  for (const PriceLine& line : lines) {
    const bool step = line.step > 0;
    out += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", line.provider, quoted(line.model),
        provider::tier_name(line.tier), per_million(line.rates.input),
        per_million(line.rates.cached_input), optional_price(line.rates.cache_write),
        optional_price(line.rates.cache_write_1h), per_million(line.rates.output),
        step ? std::to_string(line.step) : "", step ? per_million(line.above.input) : "",
        step ? per_million(line.above.cached_input) : "",
        step ? per_million(line.above.output) : "", quoted(line.source), quoted(line.as_of));
  }
  return out;
}

}  // namespace sluice::codec
