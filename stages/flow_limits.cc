#include "stages/flow_limits.h"

#include <algorithm>

#include "core/row.h"

namespace sluice::stages {
namespace {

constexpr std::size_t kCreditBytes = 256 * 1024 * 1024;
// Rows on their way to a slot or from it: as many as are in flight, within these. Fewer than the
// least starve the slots of a small pipeline; more than the most only push the rest out of the
// caches, up to where a quarter of what is in flight is more.
constexpr std::size_t kLeastAhead = 512;
constexpr std::size_t kMostAhead = 4096;

std::size_t rows_in_flight(const PipelineSpec& spec) {
  std::size_t requests = 0;
  for (const auto& endpoint : spec.dispatch.endpoints) requests += slots_of(endpoint);
  return requests * static_cast<std::size_t>(spec.pack.rows);
}

std::size_t rows_ahead(const PipelineSpec& spec) {
  if (spec.pack.embed) return kMostAhead;  // a few packs; their bytes are what bounds them
  const std::size_t in_flight = rows_in_flight(spec);
  return std::max(std::clamp(in_flight, kLeastAhead, kMostAhead), in_flight / 4);
}

}  // namespace

std::size_t slots_of(const provider::EndpointSpec& spec) {
  return static_cast<std::size_t>(
      spec.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency));
}

flow::Cost credit_limit(const PipelineSpec& spec) {
  return {rows_in_flight(spec) + rows_ahead(spec), kCreditBytes};
}

std::size_t group_entries(const PipelineSpec& spec) {
  return rows_ahead(spec) / 2;
}

std::optional<int> output_bound(const PipelineSpec& spec) {
  std::optional<int> bound = spec.pack.output_tokens;
  for (const auto& endpoint : spec.dispatch.endpoints) {
    const auto& cap = endpoint.max_output_tokens;
    if (cap) bound = std::min(bound.value_or(*cap), *cap);
  }
  return bound;
}

}  // namespace sluice::stages
