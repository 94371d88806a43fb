// Two histograms that OpenTelemetry's conventions for generative AI define, of every attempt, sampled or not:
//
//   gen_ai.client.operation.duration   seconds, by endpoint and error.type
//   gen_ai.client.token.usage          tokens of those whose usage is known, by endpoint and input/output
//
// with the bounds that the conventions name.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
//
// Threads: on() the I/O thread, families() any. Its memory is bounded: a histogram for each endpoint and cause.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "observe/metric.h"
#include "observe/observer.h"
#include "telemetry/endpoint_info.h"

namespace sluice::telemetry {

class GenAiMetrics final : public observe::Observer {
 public:
  explicit GenAiMetrics(std::vector<EndpointInfo> endpoints);

  void on(const observe::AttemptEnded& event) override;
  observe::MetricFamilies families() const;

 private:
  static constexpr std::size_t kBounds = 14;
  struct Histogram {
    std::array<std::uint64_t, kBounds + 1> counts = {};
    double sum = 0;
    void add(double value, std::span<const double, kBounds> bounds);
  };
  struct Endpoint {
    EndpointInfo info;
    std::map<provider::Cause, Histogram> durations;
    Histogram input;
    Histogram output;
  };
  static observe::HistogramValue value_of(const Histogram& histogram,
                                          std::span<const double, kBounds> bounds);

  mutable std::mutex mutex_;  // guards what the endpoints count
  std::vector<Endpoint> endpoints_;
};

}  // namespace sluice::telemetry
