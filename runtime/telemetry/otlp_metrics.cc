#include "telemetry/otlp_metrics.h"

#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <variant>

#include "core/json.h"
#include "telemetry/resource.h"

namespace sluice::telemetry {
namespace {

constexpr int kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kUnits = {{
    {"seconds", "s"},
    {"bytes", "By"},
    {"ratio", "1"},
    {"dollars", "{dollar}"},
    {"tokens", "{token}"},
}};

std::string_view ucum(std::string_view unit) {
  for (const auto& [ours, theirs] : kUnits)
    if (ours == unit) return theirs;
  return unit;
}

bool is_finite(const observe::MetricValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return std::isfinite(*number);
  if (const auto* histogram = std::get_if<observe::HistogramValue>(&value))
    return std::isfinite(histogram->sum) &&
           histogram->counts.size() == histogram->bounds.size() + 1;
  return true;
}

struct MetricWriter {
  core::JsonWriter out;
  core::WallTime start;
  core::WallTime now;

  void value(std::uint64_t number) {
    out.key("asInt");
    write_integer(out, number);
  }
  void value(double number) { out.field("asDouble", number); }
  void value(core::Money money) { out.field("asDouble", money.dollars()); }
  void value(const observe::HistogramValue& histogram) {
    out.key("count");
    write_integer(out, histogram.count());
    out.field("sum", histogram.sum);
    out.key("bucketCounts");
    out.open('[');
    for (const std::uint64_t count : histogram.counts) write_integer(out, count);
    out.close(']');
    out.key("explicitBounds");
    out.open('[');
    for (const double bound : histogram.bounds) out.value(bound);
    out.close(']');
  }

  void point(const observe::MetricSample& sample, observe::MetricType type) {
    out.open('{');
    {
      AttributeWriter attributes(out);
      for (const auto& [name, label] : sample.labels) attributes.text(name, label);
    }
    if (type != observe::MetricType::gauge) write_time(out, "startTimeUnixNano", start);
    write_time(out, "timeUnixNano", now);
    std::visit([this](const auto& held) { value(held); }, sample.value);
    out.close('}');
  }

  // The samples of the family that can be written, as many as it returns.
  std::uint64_t family(const observe::MetricFamily& family) {
    using observe::MetricType;
    const auto fits = [&](const observe::MetricSample& sample) {
      return is_finite(sample.value) && std::holds_alternative<observe::HistogramValue>(
                                            sample.value) == (family.type == MetricType::histogram);
    };
    std::uint64_t points = 0;
    for (const observe::MetricSample& sample : family.samples) points += fits(sample) ? 1 : 0;
    if (points == 0) return 0;
    out.open('{');
    out.field("name", family.name);
    if (!family.help.empty()) out.field("description", family.help);
    if (!family.unit.empty()) out.field("unit", ucum(family.unit));
    out.key(family.type == MetricType::gauge     ? "gauge"
            : family.type == MetricType::counter ? "sum"
                                                 : "histogram");
    out.open('{');
    if (family.type != MetricType::gauge) out.field("aggregationTemporality", kCumulative);
    if (family.type == MetricType::counter) out.field("isMonotonic", true);
    out.key("dataPoints");
    out.open('[');
    for (const observe::MetricSample& sample : family.samples)
      if (fits(sample)) point(sample, family.type);
    out.close(']');
    out.close('}');
    out.close('}');
    return points;
  }
};

}  // namespace

MetricsBody metrics_body(const observe::MetricFamilies& families, const Pairs& resource,
                         std::string_view version, core::WallTime start, core::WallTime now) {
  MetricsBody body;
  MetricWriter writer{core::JsonWriter(body.json), start, now};
  core::JsonWriter& out = writer.out;
  out.open('{');
  out.key("resourceMetrics");
  out.open('[');
  out.open('{');
  open_scope(out, resource, "scopeMetrics", version);
  out.key("metrics");
  out.open('[');
  for (const observe::MetricFamily& family : families) body.points += writer.family(family);
  out.close(']');
  out.close('}');
  out.close(']');
  out.close('}');
  out.close(']');
  out.close('}');
  return body;
}

}  // namespace sluice::telemetry
