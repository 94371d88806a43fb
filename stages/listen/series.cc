#include "listen/series.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/json.h"

namespace sluice::listen {
namespace {

// What a chart can show of it: so that a thousand points are not a hundred kilobytes.
double rounded(double value, double per_unit) {
  return std::round(value * per_unit) / per_unit;
}

}  // namespace

Series::Series(const inspect::Timeline& timeline) {
  for (const inspect::TimelineRun& run : timeline.runs)
    runs_.push_back({run.began, run.end, run.why});
  const std::size_t every = timeline.points.size() / (kMost / 2) + 1;
  for (std::size_t i = 0; i < timeline.points.size(); ++i) {
    if (i % every != 0 && i + 1 != timeline.points.size()) continue;
    const inspect::TimelinePoint& point = timeline.points[i];
    points_.push_back({.at = point.at,
                       .worked = point.worked,
                       .rows = point.rows,
                       .rejected = point.rejected,
                       .spent = point.spent,
                       .tokens = point.input_tokens + point.output_tokens,
                       .in_flight = point.in_flight,
                       .waiting = point.waiting,
                       .refused = point.refused,
                       .failed = point.failed,
                       .limit = point.limit});
  }
  worked_before_ = timeline.worked();
  if (points_.size() > 1)
    apart_ = std::max(apart_, worked_before_ / static_cast<double>(points_.size()));
}

void Series::begin(double at) {
  runs_.push_back({at, {}, {}});
  worked_before_ = points_.empty() ? 0 : points_.back().worked;
  last_is_kept_ = true;
}

void Series::add(SeriesPoint point) {
  point.worked += worked_before_;
  if (!last_is_kept_) points_.pop_back();
  last_is_kept_ = points_.empty() || point.worked - points_.back().worked >= apart_;
  points_.push_back(std::move(point));
  if (points_.size() > kMost) thin();
}

void Series::end(std::string how, std::string why) {
  if (runs_.empty()) return;
  runs_.back().end = std::move(how);
  runs_.back().why = std::move(why);
}

void Series::thin() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (i % 2 == 0 || i + 1 == points_.size()) points_[kept++] = std::move(points_[i]);
  points_.resize(kept);
  apart_ *= 2;
}

std::string Series::json() const {
  std::string out;
  core::JsonWriter w(out);
  const auto column = [&](std::string_view name, double SeriesPoint::* field, double per_unit) {
    w.key(name);
    w.open('[');
    for (const SeriesPoint& point : points_) w.value(rounded(point.*field, per_unit));
    w.close(']');
  };
  w.open('{');
  column("at", &SeriesPoint::at, 100);
  column("worked", &SeriesPoint::worked, 100);
  column("rows", &SeriesPoint::rows, 1);
  column("rejected", &SeriesPoint::rejected, 1);
  column("spent", &SeriesPoint::spent, 1e9);
  column("tokens", &SeriesPoint::tokens, 1);
  column("in_flight", &SeriesPoint::in_flight, 1);
  column("waiting", &SeriesPoint::waiting, 1);
  column("refused", &SeriesPoint::refused, 1);
  column("failed", &SeriesPoint::failed, 1);
  w.key("limit");
  w.open('[');
  for (const SeriesPoint& point : points_) w.value(point.limit);
  w.close(']');
  w.key("runs");
  w.open('[');
  for (const SeriesRun& run : runs_) {
    w.open('{');
    w.field("began", run.began);
    w.field("end", run.end);
    w.field("why", run.why);
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

}  // namespace sluice::listen
