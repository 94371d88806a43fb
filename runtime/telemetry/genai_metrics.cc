#include "telemetry/genai_metrics.h"

#include <algorithm>
#include <array>
#include <string_view>
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

GenAiMetrics::Endpoint::Endpoint(const EndpointInfo& its)
    : info(its), input(kTokens), output(kTokens) {}

void GenAiMetrics::begin(std::span<const EndpointInfo> endpoints) {
  const std::lock_guard lock(mutex_);
  indices_.clear();
  for (const EndpointInfo& info : endpoints) {
    const auto known = std::ranges::find(endpoints_, info, &Endpoint::info);
    indices_.push_back(static_cast<std::size_t>(known - endpoints_.begin()));
    if (known == endpoints_.end()) endpoints_.emplace_back(info);
  }
}

void GenAiMetrics::on(const observe::AttemptEnded& event) {
  const provider::Outcome& outcome = event.outcome;
  const std::lock_guard lock(mutex_);
  if (event.endpoint >= indices_.size()) return;
  Endpoint& endpoint = endpoints_[indices_[event.endpoint]];
  if (outcome.cause != provider::Cause::cancelled)
    endpoint.durations.try_emplace(outcome.cause, kSeconds)
        .first->second.add(core::in_seconds(event.ended - event.sent));
  if (outcome.billing != provider::Billing::known) return;
  endpoint.input.add(static_cast<double>(outcome.usage.input));
  endpoint.has_input = true;
  if (endpoint.info.operation == "embeddings") return;  // these have no output
  endpoint.output.add(static_cast<double>(outcome.usage.output));
  endpoint.has_output = true;
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
      durations.samples.push_back({std::move(labels), histogram.value()});
    }
    const auto add = [&](std::string_view type, const observe::Histogram& histogram) {
      observe::Labels labels = labels_of(endpoint.info);
      labels.emplace_back("gen_ai.token.type", type);
      tokens.samples.push_back({std::move(labels), histogram.value()});
    };
    if (endpoint.has_input) add("input", endpoint.input);
    if (endpoint.has_output) add("output", endpoint.output);
  }
  return {std::move(durations), std::move(tokens)};
}

}  // namespace sluice::telemetry
