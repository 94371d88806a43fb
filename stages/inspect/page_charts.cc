#include "inspect/page_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/json.h"
#include "core/printable.h"

namespace sluice::inspect {
namespace {

// Gaps between two spans of one text that are shorter than this part of the chart are not seen.
constexpr double kSeen = 1.0 / 1000;

std::string cut(std::string_view text) {
  std::string printable = core::printable(text.substr(0, kMostPageText));
  // A character that is cut in two is no UTF-8: its bytes became '?'.
  if (text.size() > kMostPageText) printable += "…";
  return printable;
}

std::optional<double> value_at(const Series& series, std::size_t i) {
  if (i >= series.y.size() || !series.y[i] || !std::isfinite(*series.y[i])) return std::nullopt;
  return series.y[i];
}

std::size_t series_of(const Chart& chart) {
  return std::min(chart.series.size(), kMostSeries);
}

// The points whose time is a number and not before the one before.
std::vector<std::size_t> ascending(const std::vector<double>& x) {
  std::vector<std::size_t> points;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(x[i]) && (points.empty() || x[i] >= x[points.back()])) points.push_back(i);
  return points;
}

void write_axis(core::JsonWriter& w, const Axis& axis) {
  constexpr std::string_view kUnits[] = {"number", "money", "seconds", "share"};
  w.open('{');
  w.field("label", cut(axis.label));
  w.field("unit", kUnits[static_cast<std::size_t>(axis.unit)]);
  w.close('}');
}

void write_series(core::JsonWriter& w, const Series& series,
                  const std::vector<std::size_t>& points) {
  constexpr std::string_view kLooks[] = {"line", "area", "steps"};
  w.open('{');
  w.field("name", cut(series.name));
  w.field("right", series.right);
  w.field("look", kLooks[static_cast<std::size_t>(series.look)]);
  w.key("y");
  w.open('[');
  for (const std::size_t i : points) {
    if (const auto value = value_at(series, i))
      w.raw(fmt::format("{:.7g}", *value));
    else
      w.null();
  }
  w.close(']');
  w.close('}');
}

}  // namespace

std::vector<std::size_t> kept_points(const Chart& chart) {
  std::vector<std::size_t> all = ascending(chart.x);
  if (all.size() <= kMostChartPoints) return all;
  // Of each part: its first point, of each series the least, the greatest and the first unknown.
  const std::size_t of_part = 1 + 3 * series_of(chart);
  const std::size_t parts = std::max<std::size_t>(1, (kMostChartPoints - 1) / of_part);
  std::vector<std::size_t> kept;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t from = all.size() * part / parts;
    const std::size_t to = all.size() * (part + 1) / parts;
    std::vector<std::size_t> some = {all[from]};
    for (std::size_t s = 0; s < series_of(chart); ++s) {
      std::optional<std::size_t> least;
      std::optional<std::size_t> greatest;
      std::optional<std::size_t> unknown;
      for (std::size_t k = from; k < to; ++k) {
        const auto value = value_at(chart.series[s], all[k]);
        if (!value && !unknown) unknown = all[k];
        if (!value) continue;
        if (!least || *value < *value_at(chart.series[s], *least)) least = all[k];
        if (!greatest || *value > *value_at(chart.series[s], *greatest)) greatest = all[k];
      }
      for (const auto& one : {least, greatest, unknown})
        if (one) some.push_back(*one);
    }
    std::ranges::sort(some);
    const auto again = std::ranges::unique(some);
    kept.insert(kept.end(), some.begin(), again.begin());
  }
  if (kept.back() != all.back()) kept.push_back(all.back());
  return kept;
}

std::vector<Span> kept_spans(const Chart& chart) {
  std::vector<Span> spans;
  for (const Span& span : chart.spans)
    if (std::isfinite(span.from) && std::isfinite(span.to) && span.to > span.from)
      spans.push_back(span);
  const auto by_beginning = [](const Span& a, const Span& b) { return a.from < b.from; };
  std::ranges::sort(spans, by_beginning);
  const double seen = chart.x.empty() ? 0 : kSeen * (chart.x.back() - chart.x.front());
  std::vector<Span> joined;
  for (Span& span : spans) {
    if (!joined.empty() && joined.back().text == span.text && span.from <= joined.back().to + seen)
      joined.back().to = std::max(joined.back().to, span.to);
    else
      joined.push_back(std::move(span));
  }
  if (joined.size() > kMostSpans) {
    std::ranges::sort(joined,
                      [](const Span& a, const Span& b) { return a.to - a.from > b.to - b.from; });
    joined.resize(kMostSpans);
    std::ranges::sort(joined, by_beginning);
  }
  return joined;
}

std::vector<SpanText> span_texts(const Chart& chart, const std::vector<Span>& spans) {
  std::map<std::string, double> seconds;
  for (const Span& span : spans) seconds[span.text] += span.to - span.from;
  const double all = chart.x.empty() ? 0 : chart.x.back() - chart.x.front();
  std::vector<SpanText> texts;
  for (const auto& [text, time] : seconds)
    texts.push_back({text, all > 0 ? std::min(1.0, time / all) : 0});
  std::ranges::sort(texts, [](const SpanText& a, const SpanText& b) {
    return a.share != b.share ? a.share > b.share : a.text < b.text;
  });
  return texts;
}

std::string chart_json(const Chart& chart, std::size_t group) {
  const std::vector<std::size_t> points = kept_points(chart);
  const std::vector<Span> spans = kept_spans(chart);
  const std::vector<SpanText> texts = span_texts(chart, spans);
  std::string json;
  core::JsonWriter w(json);
  w.open('{');
  w.field("title", cut(chart.title));
  w.field("group", group);
  w.field("wall", chart.time == TimeAxis::wall);
  w.key("left");
  write_axis(w, chart.left);
  w.key("right");
  write_axis(w, chart.right);
  w.key("x");
  w.open('[');
  for (const std::size_t i : points) w.value(chart.x[i]);
  w.close(']');
  w.key("series");
  w.open('[');
  for (std::size_t s = 0; s < series_of(chart); ++s) write_series(w, chart.series[s], points);
  w.close(']');
  w.key("spans");  // [from, to, which text]
  w.open('[');
  for (const Span& span : spans) {
    w.open('[');
    w.value(span.from);
    w.value(span.to);
    w.value(std::ranges::find(texts, span.text, &SpanText::text) - texts.begin());
    w.close(']');
  }
  w.close(']');
  w.key("marks");
  w.open('[');
  for (const Mark& mark : chart.marks) {
    if (!std::isfinite(mark.at)) continue;
    w.open('[');
    w.value(mark.at);
    w.value(cut(mark.text));
    w.close(']');
  }
  w.close(']');
  w.close('}');
  std::string safe;
  for (const char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  }
  return safe;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : cut(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace sluice::inspect
