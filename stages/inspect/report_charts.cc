#include "inspect/report_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "inspect/report_words.h"
#include "observe/figures.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kFewestPoints = 3;
constexpr std::size_t kMostMoments = 400;  // of a chart
constexpr std::size_t kMostMarks = 100;    // the latest runs'
constexpr std::size_t kMostLimits = 12;    // lines of the table
constexpr std::size_t kMostLatencies = 4;  // endpoints in the chart: those with most in flight
constexpr std::size_t kMostInFlight = 8;   // likewise
constexpr double kPartsOfRate = 120;       // a rate is the mean over such a part of all time,
constexpr double kPartsOfRare = 40;        // of what is rare, over such a part,
constexpr double kSecondsOfRate = 1;       // and over so long at least, where that is little
constexpr double kPerMinute = 60;

// A figure over the time in which the job ran: known at some moments, in between on straight lines.
class Curve {
 public:
  void add(double t, double value) {
    t_.push_back(t);
    value_.push_back(value);
  }
  bool empty() const { return t_.empty(); }
  bool any() const {
    return std::ranges::any_of(value_, [](double value) { return value > 0; });
  }

  double at(double t) const {
    const auto next = std::ranges::lower_bound(t_, t);
    if (next == t_.end()) return value_.back();
    const auto i = static_cast<std::size_t>(next - t_.begin());
    if (i == 0 || t_[i] == t) return value_[i];
    const double part = (t - t_[i - 1]) / (t_[i] - t_[i - 1]);
    return value_[i - 1] + part * (value_[i] - value_[i - 1]);
  }
  // The mean of what is known from `from` to `to`; between two moments that are further apart, the
  // line between them.
  double mean(double from, double to) const {
    auto i = static_cast<std::size_t>(std::ranges::lower_bound(t_, from) - t_.begin());
    double sum = 0;
    std::size_t some = 0;
    for (; i < t_.size() && t_[i] <= to; ++i, ++some) sum += value_[i];
    return some > 0 ? sum / static_cast<double>(some) : at((from + to) / 2);
  }
  // The latest that is known from `from` to `to`.
  std::optional<double> latest(double from, double to) const {
    const auto after = std::ranges::upper_bound(t_, to) - t_.begin();
    if (after == 0 || t_[static_cast<std::size_t>(after) - 1] < from) return std::nullopt;
    return value_[static_cast<std::size_t>(after) - 1];
  }

 private:
  std::vector<double> t_;
  std::vector<double> value_;
};

class Charts {
 public:
  explicit Charts(const Timeline& timeline) : timeline_(timeline), end_(timeline.worked()) {
    const std::size_t moments = std::min(timeline.points.size() + 1, kMostMoments);
    step_ = end_ / static_cast<double>(moments - 1);
    for (std::size_t i = 0; i < moments; ++i) x_.push_back(step_ * static_cast<double>(i));
    window_ = std::max({step_, end_ / kPartsOfRate, std::min(kSecondsOfRate, end_ / 4)});
  }

  std::vector<Block> all() const {
    std::vector<Block> charts;
    charts.emplace_back(speed());
    charts.emplace_back(in_flight());
    if (timeline_.endpoints.size() > 1) add(charts, in_flight_by_endpoint());
    add(charts, latencies());
    add(charts, batches());
    return charts;
  }

 private:
  using Y = std::vector<std::optional<double>>;

  static void add(std::vector<Block>& charts, Chart chart) {
    if (!chart.series.empty()) charts.emplace_back(std::move(chart));
  }

  Chart chart(std::string title, Axis left, Axis right = {}) const {
    Chart chart{.title = std::move(title),
                .left = std::move(left),
                .right = std::move(right),
                .x = x_,
                .series = {}};
    const std::size_t runs = timeline_.runs.size();
    for (std::size_t k = runs > kMostMarks ? runs - kMostMarks : 1; k < runs; ++k)
      chart.marks.push_back({timeline_.runs[k].worked_from, fmt::format("run {}", k + 1)});
    return chart;
  }

  // `of`: a point's figure. Counts stand at what they were before the first point.
  template <class Of>
  Curve curve(Of of, bool from_zero) const {
    Curve curve;
    if (from_zero) curve.add(0, 0);
    for (const TimelinePoint& point : timeline_.points) curve.add(point.worked, of(point));
    return curve;
  }
  Curve counted_curve(double TimelinePoint::* field) const {
    return curve([field](const TimelinePoint& point) { return point.*field; }, true);
  }
  Y values(const Curve& curve) const {
    Y y;
    for (const double t : x_) y.emplace_back(curve.at(t));
    return y;
  }
  Y means(const Curve& curve) const {
    Y y;
    for (const double t : x_) y.emplace_back(curve.mean(t - step_ / 2, t + step_ / 2));
    return y;
  }
  // Of a count, in units of `per` seconds: the mean over `window` around each moment.
  Y rates(const Curve& curve, double per, double window) const {
    Y y;
    for (const double t : x_) {
      const double from = std::max(0.0, t - window / 2);
      const double to = std::min(end_, t + window / 2);
      y.emplace_back(to > from ? std::max(0.0, curve.at(to) - curve.at(from)) / (to - from) * per
                               : 0);
    }
    return y;
  }

  Chart speed() const {
    Chart one = chart("Rows and money", {"rows/s"}, {"spent", Unit::money});
    one.series.push_back({.name = "rows/s",
                          .y = rates(counted_curve(&TimelinePoint::rows), 1, window_),
                          .look = Look::area});
    one.series.push_back(
        {.name = "spent", .y = values(counted_curve(&TimelinePoint::spent)), .right = true});
    one.spans = limit_spans(timeline_);
    one.note = "Time is the time in which the job ran";
    if (timeline_.runs.size() > 1) one.note += "; a line stands where a run begins";
    one.note += one.spans.empty() ? "." : ". The strip below shows what bound the speed.";
    return one;
  }

  Chart in_flight() const {
    Chart one = chart("In flight and refused", {"requests"}, {"a minute"});
    const auto gauge = [this](double TimelinePoint::* field) {
      return means(curve([field](const TimelinePoint& point) { return point.*field; }, false));
    };
    one.series.push_back(
        {.name = "in flight", .y = gauge(&TimelinePoint::in_flight), .look = Look::area});
    one.series.push_back({.name = "waiting", .y = gauge(&TimelinePoint::waiting)});
    const auto add_rate = [&](std::string name, double TimelinePoint::* field) {
      const Curve count = counted_curve(field);
      if (count.any())
        one.series.push_back({.name = std::move(name),
                              .y = rates(count, kPerMinute, std::max(window_, end_ / kPartsOfRare)),
                              .right = true});
    };
    add_rate("refused a minute", &TimelinePoint::refused);
    add_rate("failed a minute", &TimelinePoint::failed);
    return one;
  }

  Curve endpoint_curve(std::size_t index, auto of) const {
    Curve curve;
    for (const TimelinePoint& point : timeline_.points)
      for (const TimelineEndpoint& endpoint : point.endpoints)
        if (const std::optional<double> value =
                endpoint.index == index ? of(endpoint) : std::nullopt)
          curve.add(point.worked, *value);
    return curve;
  }

  // Those that had most in flight, first.
  std::vector<std::size_t> busiest(std::size_t most) const {
    std::vector<double> sums(timeline_.endpoints.size());
    for (const TimelinePoint& point : timeline_.points)
      for (const TimelineEndpoint& endpoint : point.endpoints)
        sums[endpoint.index] += endpoint.in_flight;
    std::vector<std::size_t> order(sums.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      return sums[a] != sums[b] ? sums[a] > sums[b] : a < b;
    });
    order.resize(std::min(order.size(), most));
    return order;
  }

  Chart in_flight_by_endpoint() const {
    Chart one = chart("In flight at each endpoint", {"requests"});
    for (const std::size_t index : busiest(kMostInFlight)) {
      const Curve curve = endpoint_curve(
          index, [](const TimelineEndpoint& of) { return std::optional(of.in_flight); });
      if (curve.any())
        one.series.push_back({.name = timeline_.endpoints[index].name, .y = means(curve)});
    }
    return one;
  }

  Chart latencies() const {
    Chart one = chart("Latency", {"seconds", Unit::seconds});
    const bool several = timeline_.endpoints.size() > 1;
    const auto add_of = [&](std::size_t index, std::string_view what, auto of) {
      const Curve curve = endpoint_curve(index, of);
      if (!curve.any()) return;
      Y y;
      for (const double t : x_) y.push_back(curve.latest(t - 2 * window_, t + step_ / 2));
      const std::string& name = timeline_.endpoints[index].name;
      one.series.push_back(
          {.name = several ? fmt::format("{}, {}", name, what) : std::string(what), .y = y});
    };
    for (const std::size_t index : busiest(kMostLatencies)) {
      add_of(index, "median", [](const TimelineEndpoint& of) { return of.median_s; });
      add_of(index, "95 % within", [](const TimelineEndpoint& of) { return of.tail_s; });
    }
    return one;
  }

  Chart batches() const {
    Chart one = chart("Batches", {"requests"});
    Curve out;
    Curve done;
    for (const TimelinePoint& point : timeline_.points) {
      if (!point.batches) continue;
      out.add(point.worked, point.batches->requests);
      done.add(point.worked, point.batches->done);
    }
    if (out.empty() || !(out.any() || done.any())) return one;
    one.series.push_back({.name = "out in batches", .y = values(out), .look = Look::area});
    one.series.push_back({.name = "done of these", .y = values(done)});
    return one;
  }

  const Timeline& timeline_;
  const double end_;
  double step_ = 0;
  double window_ = 0;
  std::vector<double> x_;
};

}  // namespace

std::vector<Block> charts_of(const Timeline& timeline) {
  if (timeline.points.size() < kFewestPoints || !(timeline.worked() > 0)) return {};
  return Charts(timeline).all();
}

std::vector<Span> limit_spans(const Timeline& timeline) {
  std::vector<Span> spans;
  double before = 0;
  for (const TimelinePoint& point : timeline.points) {
    const double from = std::max(before, timeline.runs[point.run].worked_from);
    if (!point.limit.empty() && point.worked > from)
      spans.push_back({from, point.worked, point.limit});
    before = point.worked;
  }
  return spans;
}

std::optional<Table> limits_table(const Timeline& timeline) {
  struct Held {
    double seconds = 0;
    double first = 0;
    double last = 0;
  };
  std::map<std::string, Held> all;
  for (const Span& span : limit_spans(timeline)) {
    Held& one = all.try_emplace(span.text, Held{0, span.from, span.to}).first->second;
    one.seconds += span.to - span.from;
    one.last = span.to;
  }
  if (all.empty() || !(timeline.worked() > 0)) return std::nullopt;
  std::vector<std::pair<std::string, Held>> order(all.begin(), all.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return a.second.seconds != b.second.seconds ? a.second.seconds > b.second.seconds
                                                : a.first < b.first;
  });
  Table table{
      .title = "What bound it",
      .columns = {{"limit"}, {"for", true}, {"of the time", true}, {"first", true}, {"last", true}},
      .rows = {}};
  for (const auto& [text, held] : order) {
    if (table.rows.size() == kMostLimits) break;
    table.rows.push_back({text, seconds_text(held.seconds),
                          observe::percent(held.seconds / timeline.worked()),
                          seconds_text(held.first), seconds_text(held.last)});
  }
  if (order.size() > kMostLimits)
    table.note = fmt::format("And {} others, each for less.", order.size() - kMostLimits);
  return table;
}

}  // namespace sluice::inspect
