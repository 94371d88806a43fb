// Metrics as data: families of samples, made once and written in whatever form is wanted: the text that Prometheus
// scrapes (metric_text.h), OpenTelemetry's JSON (telemetry/otlp_metrics.h).
//
// Names and units follow Prometheus' conventions: base units (seconds, bytes, dollars), a counter's name ends with
// _total, a share is a _ratio from 0 to 1.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/money.h"

namespace sluice::observe {

enum class MetricType : std::uint8_t { gauge, counter, histogram };

using Labels = std::vector<std::pair<std::string, std::string>>;  // name, value

struct HistogramValue {
  std::vector<double> bounds;         // upper, inclusive, ascending; +Inf is not among them
  std::vector<std::uint64_t> counts;  // of each bucket alone; one more than bounds
  double sum = 0;

  std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t one : counts) all += one;
    return all;
  }
};

// Money is written as decimal dollars, exact to the picodollar.
using MetricValue = std::variant<std::uint64_t, double, core::Money, HistogramValue>;

struct MetricSample {
  Labels labels;
  MetricValue value;
};

struct MetricFamily {
  std::string name;  // "sluice_requests_total"
  std::string help;
  std::string unit;  // "seconds", "dollars", "bytes", "ratio"; empty: a number of something
  MetricType type = MetricType::gauge;
  std::vector<MetricSample> samples;  // a family without samples is not written
};
using MetricFamilies = std::vector<MetricFamily>;

}  // namespace sluice::observe
