#include "telemetry/genai_metrics.h"

#include <algorithm>
#include <utility>

namespace sluice::telemetry {
namespace {

constexpr std::array<double, 14> kSeconds = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                             1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array<double, 14> kTokens = {
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};

observe::Labels labels_of(const EndpointInfo& info) {
  return {{"gen_ai.operation.name", info.operation},
          {"gen_ai.provider.name", info.provider},
          {"gen_ai.request.model", info.model},
          {"sluice.endpoint", info.name}};
}

}  // namespace

GenAiMetrics::GenAiMetrics(std::vector<EndpointInfo> endpoints) {
  for (EndpointInfo& info : endpoints) {
    Endpoint endpoint;
    endpoint.info = std::move(info);
    endpoints_.push_back(std::move(endpoint));
  }
}

void GenAiMetrics::Histogram::add(double value, std::span<const double, kBounds> bounds) {
  const auto bucket = std::ranges::lower_bound(bounds, value) - bounds.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  sum += value;
}

void GenAiMetrics::on(const observe::AttemptEnded& event) {
  if (event.endpoint >= endpoints_.size()) return;
  Endpoint& endpoint = endpoints_[event.endpoint];
  const provider::Outcome& outcome = event.outcome;
  const std::lock_guard lock(mutex_);
  endpoint.durations[outcome.cause].add(core::in_seconds(event.ended - event.sent), kSeconds);
  if (outcome.billing != provider::Billing::known) return;
  endpoint.input.add(static_cast<double>(outcome.usage.input), kTokens);
  if (endpoint.info.operation != "embeddings")  // these have none
    endpoint.output.add(static_cast<double>(outcome.usage.output), kTokens);
}

observe::HistogramValue GenAiMetrics::value_of(const Histogram& histogram,
                                               std::span<const double, kBounds> bounds) {
  return {.bounds = {bounds.begin(), bounds.end()},
          .counts = {histogram.counts.begin(), histogram.counts.end()},
          .sum = histogram.sum};
}

observe::MetricFamilies GenAiMetrics::families() const {
  observe::MetricFamily durations{.name = "gen_ai.client.operation.duration",
                                  .help = "How long attempts took, from sent to ended.",
                                  .unit = "seconds",
                                  .type = observe::MetricType::histogram,
                                  .samples = {}};
  observe::MetricFamily tokens{.name = "gen_ai.client.token.usage",
                               .help = "Tokens of an attempt, as billed.",
                               .unit = "tokens",
                               .type = observe::MetricType::histogram,
                               .samples = {}};
  const std::lock_guard lock(mutex_);
  for (const Endpoint& endpoint : endpoints_) {
    for (const auto& [cause, histogram] : endpoint.durations) {
      observe::Labels labels = labels_of(endpoint.info);
      if (cause != provider::Cause::none)
        labels.emplace_back("error.type", provider::cause_name(cause));
      durations.samples.push_back({std::move(labels), value_of(histogram, kSeconds)});
    }
    for (const auto& [type, histogram] :
         {std::pair("input", &endpoint.input), std::pair("output", &endpoint.output)}) {
      if (histogram->counts == Histogram().counts) continue;
      observe::Labels labels = labels_of(endpoint.info);
      labels.emplace_back("gen_ai.token.type", type);
      tokens.samples.push_back({std::move(labels), value_of(*histogram, kTokens)});
    }
  }
  return {std::move(durations), std::move(tokens)};
}

}  // namespace sluice::telemetry
