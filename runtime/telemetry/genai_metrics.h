// Two histograms that OpenTelemetry's conventions for generative AI define, of every attempt, sampled or not:
//
//   gen_ai.client.operation.duration   seconds, by endpoint and error.type; not of those that we cancelled
//   gen_ai.client.token.usage          tokens of those whose usage is known, by endpoint and input/output
//
// with the bounds that the conventions name.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
//
// Threads: begin() any, on() the I/O thread, families() any. Its memory is bounded: a histogram for each endpoint and
// cause.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "observe/histogram.h"
#include "observe/metric.h"
#include "observe/observer.h"
#include "telemetry/endpoint_info.h"

namespace sluice::telemetry {

class GenAiMetrics final : public observe::Observer {
 public:
  // A run begins: events are of these endpoints, by their index. One that an earlier run had, goes on
  // with its sums.
  void begin(std::span<const EndpointInfo> endpoints);

  void on(const observe::AttemptEnded& event) override;
  observe::MetricFamilies families() const;

 private:
  struct Endpoint {
    explicit Endpoint(const EndpointInfo& its);
    EndpointInfo info;
    std::map<provider::Cause, observe::Histogram> durations;
    observe::Histogram input;
    observe::Histogram output;
    bool has_input = false;  // of some attempt it is known
    bool has_output = false;
  };

  mutable std::mutex mutex_;  // guards all below; held for some 20 ns an event
  std::vector<Endpoint> endpoints_;
  std::vector<std::size_t> indices_;  // in endpoints_, by the index that events give
};

}  // namespace sluice::telemetry
