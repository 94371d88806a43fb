#include "observe/metric_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace sluice::observe {
namespace {

constexpr std::string_view kTotal = "_total";

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::gauge:
      return "gauge";
    case MetricType::counter:
      return "counter";
    case MetricType::histogram:
      return "histogram";
  }
  std::unreachable();
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

class Writer {
 public:
  explicit Writer(MetricForm form) : open_metrics_(form == MetricForm::open_metrics) {}

  void family(const MetricFamily& family) {
    if (family.samples.empty()) return;
    std::string_view name = family.name;
    if (open_metrics_ && family.type == MetricType::counter && name.ends_with(kTotal))
      name.remove_suffix(kTotal.size());
    fmt::format_to(std::back_inserter(out_), "# HELP {} ", name);
    append_escaped(out_, family.help, open_metrics_);
    fmt::format_to(std::back_inserter(out_), "\n# TYPE {} {}\n", name, type_name(family.type));
    if (open_metrics_ && !family.unit.empty() && name.ends_with("_" + family.unit))
      fmt::format_to(std::back_inserter(out_), "# UNIT {} {}\n", name, family.unit);
    for (const MetricSample& sample : family.samples) this->sample(family.name, sample);
  }
  std::string end() {
    if (open_metrics_) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  void sample(const std::string& name, const MetricSample& sample) {
    if (const auto* histogram = std::get_if<HistogramValue>(&sample.value)) {
      buckets(name, sample.labels, *histogram);
    } else if (const auto* money = std::get_if<core::Money>(&sample.value)) {
      line(name, sample.labels, {}, exact_dollars(*money));
    } else if (const auto* count = std::get_if<std::uint64_t>(&sample.value)) {
      line(name, sample.labels, {}, fmt::format("{}", *count));
    } else {
      line(name, sample.labels, {}, number(std::get<double>(sample.value)));
    }
  }
  void buckets(const std::string& name, const Labels& labels, const HistogramValue& histogram) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
      below += histogram.counts[i];
      const std::string bound =
          i < histogram.bounds.size() ? bound_text(histogram.bounds[i]) : "+Inf";
      line(name + "_bucket", labels, bound, fmt::format("{}", below));
    }
    line(name + "_sum", labels, {}, number(histogram.sum));
    line(name + "_count", labels, {}, fmt::format("{}", below));
  }
  // OpenMetrics wants a bound to have a point.
  static std::string bound_text(double bound) {
    std::string text = number(bound);
    if (text.find_first_of(".e") == text.npos) text += ".0";
    return text;
  }
  void line(std::string_view name, const Labels& labels, std::string_view bound,
            std::string_view value) {
    out_ += name;
    char before = '{';
    const auto label = [&](std::string_view key, std::string_view text) {
      out_ += before;
      out_ += key;
      out_ += "=\"";
      append_escaped(out_, text, true);
      out_ += '"';
      before = ',';
    };
    for (const auto& [key, text] : labels) label(key, text);
    if (!bound.empty()) label("le", bound);
    if (before == ',') out_ += '}';
    out_ += ' ';
    out_ += value;
    out_ += '\n';
  }

  const bool open_metrics_;
  std::string out_;
};

}  // namespace

MetricForm form_for(std::string_view accept) {
  return accept.contains("application/openmetrics-text") ? MetricForm::open_metrics
                                                         : MetricForm::prometheus;
}

std::string_view content_type(MetricForm form) {
  return form == MetricForm::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string as_text(const MetricFamilies& families, MetricForm form) {
  Writer writer(form);
  for (const MetricFamily& family : families) writer.family(family);
  return writer.end();
}

std::string exact_dollars(core::Money money) {
  constexpr std::uint64_t kDollar = 1'000'000'000'000;
  const std::int64_t picodollars = money.picodollars();
  const std::uint64_t size = picodollars < 0 ? 0 - static_cast<std::uint64_t>(picodollars)
                                             : static_cast<std::uint64_t>(picodollars);
  std::string text =
      fmt::format("{}{}.{:012}", picodollars < 0 ? "-" : "", size / kDollar, size % kDollar);
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace sluice::observe
