#include "codec/price_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/model_names.h"
#include "codec/price_rows.h"
#include "codec/prices.h"
#include "codec/registry.h"

namespace sluice::codec {
namespace {

using core::Money;
using core::Price;
using core::Tier;

enum Column : std::uint8_t {
  provider_name,
  model_name,
  tier_column,
  input,
  cached_input,
  cache_write,
  cache_write_1h,
  output,
  above_tokens,
  above_input,
  above_cached_input,
  above_output,
  source,
  as_of,
  columns,
};
constexpr std::array<std::string_view, columns> kColumns = {
    "provider",           "model",          "tier",   "input",        "cached_input",
    "cache_write",        "cache_write_1h", "output", "above_tokens", "above_input",
    "above_cached_input", "above_output",   "source", "as_of"};
constexpr std::array kRequired = {model_name, input, output};

constexpr double kMostPerMillion = 1e6;  // dollars

// What a row may name as its provider.
std::vector<std::string_view> services() {
  std::vector<std::string_view> names;
  for (const provider::Provider& one : providers()) names.push_back(one.profile->name);
  for (const price_rows::List& list : price_rows::kLists)
    if (std::ranges::find(names, list.provider) == names.end()) names.push_back(list.provider);
  return names;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

// The cells of a line; nullopt where a quotation mark is not closed.
std::optional<std::vector<std::string>> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  for (;;) {
    const std::size_t comma = line.find(',');
    const std::string_view start =
        line.substr(line.find_first_not_of(" \t") == line.npos ? 0 : line.find_first_not_of(" \t"));
    if (!start.starts_with('"')) {
      cells.emplace_back(trimmed(line.substr(0, comma)));
      if (comma == line.npos) return cells;
      line.remove_prefix(comma + 1);
      continue;
    }
    std::string cell;
    std::size_t at = 1;
    for (;; ++at) {
      if (at >= start.size()) return std::nullopt;
      if (start[at] == '"' && at + 1 < start.size() && start[at + 1] == '"') {
        ++at;
      } else if (start[at] == '"') {
        break;
      }
      cell += start[at];
    }
    cells.push_back(std::move(cell));
    const std::string_view rest = trimmed(start.substr(at + 1));
    if (rest.empty()) return cells;
    if (!rest.starts_with(',')) return std::nullopt;
    line = rest.substr(1);
  }
}

// Reads the lines of one file.
class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  core::Status line(std::string_view text) {
    ++number_;
    if (number_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (trimmed(text).empty() || trimmed(text).starts_with('#')) return {};
    auto cells = cells_of(text);
    if (!cells) return wrong("a quotation mark is not closed");
    if (places_.empty()) return header(*cells);
    if (cells->size() != places_.size())
      return wrong(
          fmt::format("{} cells, where the columns are {}", cells->size(), places_.size()));
    cells_.fill({});
    for (std::size_t i = 0; i < cells->size(); ++i) cells_[places_[i]] = std::move((*cells)[i]);
    return row();
  }

  core::Result<std::vector<PriceFile::Row>> end() {
    if (places_.empty()) {
      number_ = 1;
      return std::unexpected(
          wrong("no columns; the first line names them, as model,input,output").error());
    }
    for (const Tiered& tier : tiers_) {
      number_ = tier.line;
      PriceFile::Row* standard = find(tier.provider, tier.model);
      if (standard == nullptr)
        return std::unexpected(
            wrong(fmt::format("no line for the standard tier of '{}'; its tier is "
                              "empty or standard",
                              tier.model))
                .error());
      if (standard->price.step != tier.price.step)
        return std::unexpected(
            wrong(fmt::format("column 'above_tokens': all tiers of a model have the same, and line "
                              "{} says {}",
                              standard->line, standard->price.step))
                .error());
      auto& place = standard->price.tiers[static_cast<std::size_t>(tier.tier)];
      if (place) return std::unexpected(twice(tier.model, tier.line).error());
      place = {tier.price.rates(Tier::asked, 0), tier.price.above};
    }
    return std::move(rows_);
  }

 private:
  struct Tiered {
    std::string provider;
    std::string model;
    Tier tier;
    Price price;
    std::size_t line;
  };

  core::Status wrong(const std::string& what) const {
    return core::fail(core::ErrorCode::pipeline, what, fmt::format("{}:{}", name_, number_));
  }
  core::Status wrong(Column column, const std::string& what) const {
    return wrong(fmt::format("column '{}': {}", kColumns[column], what));
  }
  core::Status twice(std::string_view model, std::size_t line) const {
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("'{}' stands here a second time; remove one of the lines", model),
                      fmt::format("{}:{}", name_, line));
  }

  core::Status header(const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) {
      const auto* known = std::ranges::find(kColumns, lower(cell));
      if (known == kColumns.end())
        return wrong(fmt::format("unknown column '{}'; the columns are {}", cell.substr(0, 60),
                                 fmt::join(kColumns, ", ")));
      const auto column = static_cast<Column>(known - kColumns.begin());
      if (std::ranges::find(places_, column) != places_.end())
        return wrong(column, "stands twice in the first line");
      places_.push_back(column);
    }
    for (const Column column : kRequired)
      if (std::ranges::find(places_, column) == places_.end())
        return wrong(column, "missing in the first line, which names the columns");
    return {};
  }

  core::Status row() {
    if (cells_[model_name].empty()) return wrong(model_name, "no model");
    StatedPrice stated;
    for (const auto& [column, money] :
         {std::pair(input, &stated.input), std::pair(output, &stated.output)}) {
      const auto value = money_in(column);
      if (!value) return std::unexpected(value.error());
      if (!*value) return wrong(column, "empty; write 0 where it costs nothing");
      *money = **value;
    }
    for (const auto& [column, money] : {std::pair(cached_input, &stated.cached_input),
                                        std::pair(cache_write, &stated.cache_write),
                                        std::pair(cache_write_1h, &stated.cache_write_1h)}) {
      const auto value = money_in(column);
      if (!value) return std::unexpected(value.error());
      *money = *value;
    }
    if (auto above = read_above(stated); !above) return above;
    return keep(price_from(stated));
  }

  core::Status read_above(StatedPrice& stated) const {
    const bool some = !cells_[above_tokens].empty() || !cells_[above_input].empty() ||
                      !cells_[above_cached_input].empty() || !cells_[above_output].empty();
    if (!some) return {};
    StatedPrice::Above above;
    const std::string& tokens = cells_[above_tokens];
    const auto [end, error] =
        std::from_chars(tokens.data(), tokens.data() + tokens.size(), above.tokens);
    if (error != std::errc() || end != tokens.data() + tokens.size() || above.tokens == 0)
      return wrong(above_tokens,
                   fmt::format("'{}' is not a whole number of tokens above which the prices of the "
                               "columns above_… hold",
                               tokens.substr(0, 40)));
    for (const auto& [column, money] :
         {std::pair(above_input, &above.input), std::pair(above_output, &above.output)}) {
      const auto value = money_in(column);
      if (!value) return std::unexpected(value.error());
      if (!*value) return wrong(column, "empty, where above_tokens is not");
      *money = **value;
    }
    const auto cached = money_in(above_cached_input);
    if (!cached) return std::unexpected(cached.error());
    above.cached_input = *cached;
    stated.above = above;
    return {};
  }

  core::Result<std::optional<Money>> money_in(Column column) const {
    const std::string& cell = cells_[column];
    if (cell.empty()) return std::optional<Money>();
    if (const auto price = per_token(cell)) return price;
    return std::unexpected(
        wrong(column, fmt::format("'{}' is not a price: dollars per million tokens, as 0.75",
                                  cell.substr(0, 40)))
            .error());
  }

  core::Status keep(const Price& price) {
    const std::string provider = lower(cells_[provider_name]);
    const std::string model = lower(cells_[model_name]);
    if (const auto known = services();
        !provider.empty() && std::ranges::find(known, provider) == known.end())
      return wrong(provider_name, fmt::format("'{}' is not a service; empty for any, or one of {}",
                                              provider.substr(0, 40), fmt::join(known, ", ")));
    Tier tier = Tier::standard;
    if (!cells_[tier_column].empty()) {
      // Of other models "fast" is the priority tier.
      const bool claude = provider == "anthropic" || model.contains("claude");
      const auto named = claude && lower(cells_[tier_column]) == provider::tier_name(Tier::fast)
                             ? std::optional(Tier::fast)
                             : provider::tier_named(cells_[tier_column]);
      if (!named)
        return wrong(tier_column,
                     fmt::format("'{}' is not a tier: standard, flex, priority, batch, fast",
                                 cells_[tier_column].substr(0, 40)));
      tier = *named;
    }
    if (tier != Tier::standard) {
      tiers_.push_back({provider, model, tier, price, number_});
      return {};
    }
    if (find(provider, model) != nullptr) return twice(model, number_);
    rows_.push_back({provider, model, price, cells_[source], cells_[as_of], number_});
    return {};
  }

  PriceFile::Row* find(std::string_view provider, std::string_view model) {
    const auto found = std::ranges::find_if(rows_, [&](const PriceFile::Row& row) {
      return row.provider == provider && row.model == model;
    });
    return found == rows_.end() ? nullptr : &*found;
  }

  const std::string& name_;
  std::size_t number_ = 0;
  std::vector<Column> places_;  // of the cells of a line
  std::array<std::string, columns> cells_;
  std::vector<PriceFile::Row> rows_;
  std::vector<Tiered> tiers_;
};

}  // namespace

Price price_from(const StatedPrice& stated) {
  Price price{.input = stated.input,
              .cached_input = stated.cached_input.value_or(stated.input),
              .output = stated.output,
              .cache_write = stated.cache_write,
              .cache_write_1h = stated.cache_write_1h};
  if (stated.cache_write) price.writes = core::CacheWrites::brief;
  if (stated.cache_write_1h) price.writes = core::CacheWrites::hour;
  if (!stated.above) return price;
  const auto above_step = [&](std::optional<Money> write) -> std::optional<Money> {
    if (!write || stated.input == Money()) return write;
    const double times = stated.above->input.dollars() / stated.input.dollars();
    return Money::from_dollars(write->dollars() * times);
  };
  price.step = stated.above->tokens;
  price.above = {.input = stated.above->input,
                 .cached_input = stated.above->cached_input.value_or(stated.above->input),
                 .output = stated.above->output,
                 .cache_write = above_step(stated.cache_write),
                 .cache_write_1h = above_step(stated.cache_write_1h)};
  return price;
}

std::optional<Money> per_token(std::string_view dollars_per_million) {
  const auto price = Money::parse(dollars_per_million);
  if (!price || price->dollars() > kMostPerMillion) return std::nullopt;
  constexpr std::int64_t kMillion = 1'000'000;
  return Money::picodollars((price->picodollars() + kMillion / 2) / kMillion);
}

core::Result<PriceFile> PriceFile::parse(std::string_view text, const std::string& name) {
  Reader reader(name);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (auto read = reader.line(text.substr(0, end)); !read)
      return std::unexpected(std::move(read.error()));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  auto rows = reader.end();
  if (!rows) return std::unexpected(std::move(rows.error()));
  PriceFile file;
  file.rows_ = std::move(*rows);
  return file;
}

std::optional<Price> PriceFile::price_of(const provider::EndpointSpec& endpoint) const {
  const std::string_view asked = provider_of(endpoint).profile->name;
  const auto row_of = [&](std::string_view model) -> const Row* {
    const Row* found = nullptr;
    for (const Row& row : rows_) {
      if (row.model != model || (!row.provider.empty() && row.provider != asked)) continue;
      if (found == nullptr || found->provider.empty()) found = &row;
    }
    return found;
  };
  for (const ListedName& listed : listed_names(endpoint.model)) {
    const Row* row = row_of(listed.name);
    if (row == nullptr) continue;
    const Price price = listed.regional ? in_region(row->price) : row->price;
    const auto tier = provider::tier_asked(endpoint).value_or(Tier::standard);
    return at_tier(price, tier).value_or(price);
  }
  return std::nullopt;
}

}  // namespace sluice::codec
