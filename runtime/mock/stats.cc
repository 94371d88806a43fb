#include "mock/stats.h"

#include <fmt/format.h>

#include "core/json.h"

namespace sluice::mock {

std::string stats_json(const Stats& stats) {
  constexpr std::int64_t kDollar = 1'000'000'000'000;
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("requests", stats.requests);
  w.key("by_status");
  w.open('{');
  for (const auto& [status, count] : stats.by_status) w.field(std::to_string(status), count);
  w.close('}');
  w.field("resets", stats.resets);
  w.field("hangs", stats.hangs);
  w.field("answered", stats.answered);
  if (!stats.by_tier.empty()) {
    w.key("by_tier");
    w.open('{');
    for (const auto& [tier, count] : stats.by_tier) w.field(tier, count);
    w.close('}');
  }
  w.field("rows", stats.rows);
  w.field("repeated_rows", stats.repeated_rows);
  w.field("input_tokens", stats.input_tokens);
  w.field("cached_tokens", stats.cached_tokens);
  w.field("output_tokens", stats.output_tokens);
  w.key("cost_usd");
  const std::int64_t pico = stats.cost.picodollars();
  w.raw(fmt::format("{}.{:012}", pico / kDollar, pico % kDollar));
  w.field("cost_picodollars", pico);
  w.field("in_flight", stats.in_flight);
  w.field("max_in_flight", stats.max_in_flight);
  w.close('}');
  return out;
}

}  // namespace sluice::mock
