// The body of POST /v1/metrics: families of samples as OTLP's JSON has them. Names stay as they are. Counters and
// histograms are sums since `start` (cumulative).
// https://github.com/open-telemetry/opentelemetry-proto, metrics.proto; https://ucum.org for units
//
// Threads: plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.h"
#include "observe/metric.h"
#include "telemetry/variables.h"

namespace sluice::telemetry {

struct MetricsBody {
  std::string json;
  std::uint64_t points = 0;  // in it
};

// A sample that is not finite is left out.
MetricsBody metrics_body(const observe::MetricFamilies& families, const Pairs& resource,
                         std::string_view version, core::WallTime start, core::WallTime now);

}  // namespace sluice::telemetry
