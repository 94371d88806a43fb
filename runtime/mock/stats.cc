#include "mock/stats.h"

#include <fmt/format.h>

#include <string_view>

#include "core/json.h"

namespace sluice::mock {

namespace {

constexpr std::int64_t kDollar = 1'000'000'000'000;

void write_cost(core::JsonWriter& w, core::Money cost) {
  const std::int64_t pico = cost.picodollars();
  w.key("cost_usd");
  w.raw(fmt::format("{}.{:012}", pico / kDollar, pico % kDollar));
  w.field("cost_picodollars", pico);
}

void write_counts(core::JsonWriter& w, std::string_view name,
                  const std::map<std::string, std::uint64_t>& counts) {
  w.key(name);
  w.open('{');
  for (const auto& [key, count] : counts) w.field(key, count);
  w.close('}');
}

void write_batch(core::JsonWriter& w, const BatchStats& batch) {
  w.key("batch");
  w.open('{');
  w.field("calls", batch.calls);
  w.field("uploads", batch.uploads);
  w.field("upload_bytes", batch.upload_bytes);
  w.field("created", batch.created);
  write_counts(w, "by_label", batch.by_label);
  write_counts(w, "by_end", batch.by_end);
  w.field("lines", batch.lines);
  w.field("line_errors", batch.line_errors);
  w.field("lines_not_run", batch.lines_not_run);
  w.field("input_tokens", batch.input_tokens);
  w.field("cached_tokens", batch.cached_tokens);
  w.field("output_tokens", batch.output_tokens);
  write_cost(w, batch.cost);
  w.field("running", batch.running);
  w.field("enqueued_tokens", batch.enqueued_tokens);
  w.close('}');
}

}  // namespace

std::string stats_json(const Stats& stats) {
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
  if (!stats.by_tier.empty()) write_counts(w, "by_tier", stats.by_tier);
  w.field("rows", stats.rows);
  w.field("repeated_rows", stats.repeated_rows);
  w.field("input_tokens", stats.input_tokens);
  w.field("cached_tokens", stats.cached_tokens);
  w.field("output_tokens", stats.output_tokens);
  write_cost(w, stats.cost);
  w.field("in_flight", stats.in_flight);
  w.field("max_in_flight", stats.max_in_flight);
  if (stats.batch.calls > 0) write_batch(w, stats.batch);
  w.close('}');
  return out;
}

}  // namespace sluice::mock
