// sluice prices: what models cost, as far as sluice knows.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "codec/price_table.h"
#include "core/json.h"
#include "core/printable.h"
#include "observe/figures.h"
#include "shell/help_text.h"
#include "shell/standard_streams.h"

namespace sluice::cli {
namespace {

using codec::per_million;
using codec::PriceLine;
using core::Tier;

struct PricesFlags {
  std::vector<std::string> models;
  std::string file;
  bool json = false;
  bool csv = false;
};

core::Result<std::vector<PriceLine>> lines_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return core::fail(core::ErrorCode::usage,
                      fmt::format("cannot read the file of prices '{}'", path));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto file = codec::PriceFile::parse(text, path);
  if (!file) return std::unexpected(file.error());
  return codec::prices_in(*file);
}

void write_rates(core::JsonWriter& w, const core::Rates& rates) {
  const auto field = [&w](std::string_view name, core::Money token) {
    w.key(name);
    w.raw(per_million(token));  // exact
  };
  field("input", rates.input);
  field("cached_input", rates.cached_input);
  field("cache_write", rates.write());
  field("cache_write_1h", rates.write_1h());
  field("output", rates.output);
}

std::string as_json(const std::vector<PriceLine>& lines) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("unit", "USD per million tokens");
  w.key("prices");
  w.open('[');
  for (const PriceLine& line : lines) {
    w.open('{');
    w.field("provider", line.provider);
    w.field("model", line.model);
    w.field("tier", provider::tier_name(line.tier));
    write_rates(w, line.rates);
    if (line.step > 0) {
      w.key("above");
      w.open('{');
      w.field("tokens", line.step);
      write_rates(w, line.above);
      w.close('}');
    }
    w.field("as_of", line.as_of);
    w.field("source", line.source);
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

// At most 80 columns: a name that is too long stands on a line of its own.
constexpr std::size_t kNameWidth = 24;

std::string table_line(std::string_view name, std::string_view tier, std::string_view input,
                       std::string_view cached, std::string_view write, std::string_view hour,
                       std::string_view output) {
  return fmt::format("  {:<{}} {:<14} {:>7} {:>8} {:>7} {:>6} {:>6}\n", name, kNameWidth, tier,
                     input, cached, write, hour, output);
}

std::string rates_line(std::string_view name, const std::string& tier, const core::Rates& rates) {
  const auto written = [](const std::optional<core::Money>& price) {
    return price ? per_million(*price) : std::string();
  };
  return table_line(name, tier, per_million(rates.input), per_million(rates.cached_input),
                    written(rates.cache_write), written(rates.cache_write_1h),
                    per_million(rates.output));
}

std::string as_text(const std::vector<PriceLine>& lines, bool all_tiers) {
  std::string text = "dollars per million tokens\n" +
                     table_line("", "tier", "input", "cached", "write", "1 h", "output");
  std::string group;
  std::string model;
  for (const PriceLine& line : lines) {
    if (!all_tiers && line.tier != Tier::standard) continue;
    std::string heading = line.provider.empty() ? "any provider" : line.provider;
    if (!line.as_of.empty()) heading += ", " + line.as_of;
    if (!line.source.empty()) heading += fmt::format(" [{}]", core::printable(line.source));
    if (heading != group) {
      text += heading + '\n';
      group = heading;
      model.clear();
    }
    std::string name = line.model == model ? "" : core::printable(line.model);
    model = line.model;
    if (name.size() > kNameWidth) {
      text += fmt::format("  {}\n", name);
      name.clear();
    }
    const std::string tier(provider::tier_name(line.tier));
    text += rates_line(name, tier, line.rates);
    if (line.step > 0)
      text += rates_line("", fmt::format("  above {}k", line.step / 1000), line.above);
  }
  if (!all_tiers) text += "sluice prices MODEL shows a model's other tiers\n";
  return text;
}

int prices(const PricesFlags& flags) {
  std::vector<PriceLine> lines;
  std::string path = flags.file;
  if (const char* named = std::getenv("SLUICE_PRICES"); path.empty() && named != nullptr)
    path = named;
  if (!path.empty()) {
    auto own = lines_of_file(path);
    if (!own) return report(own.error());
    lines = std::move(*own);
  }
  // A row of the file stands in the place of the list's.
  const std::vector<PriceLine> own = lines;
  for (PriceLine& line : codec::list_prices()) {
    const bool replaced = std::ranges::any_of(own, [&](const PriceLine& other) {
      return other.model == line.model &&
             (other.provider.empty() || other.provider == line.provider);
    });
    if (!replaced) lines.push_back(std::move(line));
  }
  if (!flags.models.empty()) {
    std::vector<PriceLine> chosen;
    for (const std::string& model : flags.models) {
      const auto found = codec::of_model(lines, model);
      if (found.empty()) {
        shell::say(
            fmt::format("sluice: the price of '{}' is not known; name it in the pipeline "
                        "file, price = {{ input = …, output = … }}, or in a file of prices\n",
                        core::printable(model)));
        return 1;
      }
      chosen.insert(chosen.end(), found.begin(), found.end());
    }
    lines = std::move(chosen);
  }
  if (flags.json) {
    fmt::print("{}\n", as_json(lines));
  } else if (flags.csv) {
    fmt::print("{}", codec::as_price_file(lines));
  } else {
    fmt::print("{}", as_text(lines, !flags.models.empty()));
  }
  return 0;
}

}  // namespace

void add_prices_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<PricesFlags>();
  CLI::App* command = app.add_subcommand("prices", "Show what models cost, as far as known");
  command
      ->add_option("MODEL", flags->models,
                   "As an endpoint names it, or a part of the name; without one, all")
      ->type_name("MODEL");
  command
      ->add_option("--prices", flags->file,
                   "A file of prices, which win over the list; else that of SLUICE_PRICES")
      ->type_name("FILE");
  CLI::Option* json = command->add_flag("--json", flags->json, "For programs: one JSON object");
  command->add_flag("--csv", flags->csv, "As a file of prices, to be changed and used")
      ->excludes(json);
  command->footer(shell::help_footer(
      "Prices move: the day and the source of each stand above it. A request is billed at the tier "
      "that its reply names. Exit status 1: no price is known.",
      {{"sluice prices gpt-5.4-mini", ""},
       {"sluice prices --json | jq '.prices[] | select(.tier == \"flex\")'", ""},
       {"sluice prices claude --csv > prices.csv", "a file of one's own"}}));
  command->callback([flags, &exit_status] { exit_status = prices(*flags); });
}

}  // namespace sluice::cli
