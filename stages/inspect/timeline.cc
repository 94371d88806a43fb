#include "inspect/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "inspect/json_fields.h"
#include "storage/whole_file.h"

namespace sluice::inspect {
namespace {

using Object = simdjson::dom::object;

constexpr std::string_view kLineStart = "{\"at\":";

// Into `to`, where it is there.
void take(const Object& object, std::string_view name, double& to) {
  if (const auto value = json_amount(object, name)) to = *value;
}

std::optional<double> seconds_of(const Object& object, std::string_view milliseconds) {
  const auto value = json_amount(object, milliseconds);
  return value ? std::optional(*value / 1000) : std::nullopt;
}

class TimelineReader {
 public:
  // False: it is not a line of a timeline.
  bool line(std::string_view json) {
    Object object;
    if (core::not_starved(parser_.parse(json.data(), json.size())).get(object)) return false;
    const auto at = json_number(object, "at");
    if (!at) return false;
    const std::string what = json_text(object, "run");
    if (what == "started" || timeline_.runs.empty()) begin(object, *at);
    pass(*at);
    TimelineRun& run = timeline_.runs.back();
    if (what == "started") return true;
    point(object, *at);
    run.rows = latest_.rows;
    run.spent = latest_.spent;
    run.end = what;
    run.why = json_text(object, "why");
    return true;
  }

  Timeline finish(std::uint64_t unreadable) {
    for (TimelineTotals& one : timeline_.endpoints) one.end_run();
    timeline_.unreadable = unreadable;
    return std::move(timeline_);
  }

 private:
  void begin(const Object& object, double at) {
    TimelineRun run;
    run.began = run.last = at;
    run.worked_from = run.worked_to = timeline_.worked();
    run.version = json_text(object, "version");
    run.rows_before = run.rows = latest_.rows;
    run.spent_before = run.spent = latest_.spent;
    run.input_tokens_before = latest_.input_tokens;
    run.output_tokens_before = latest_.output_tokens;
    for (const TimelineTotals& one : timeline_.endpoints) run.answered_before += one.answered;
    refused_before_ = latest_.refused;
    failed_before_ = latest_.failed;
    timeline_.runs.push_back(std::move(run));
    for (TimelineTotals& one : timeline_.endpoints) one.end_run();
  }

  void pass(double at) {
    TimelineRun& run = timeline_.runs.back();
    run.worked_to += std::max(0.0, at - run.last);
    run.last = std::max(run.last, at);
  }

  void point(const Object& object, double at) {
    TimelineRun& run = timeline_.runs.back();
    take(object, "refused", run.refused);
    take(object, "failed", run.failed);
    TimelinePoint point;
    point.at = at;
    point.worked = run.worked_to;
    point.run = timeline_.runs.size() - 1;
    point.rows = latest_.rows;
    point.rejected = latest_.rejected;
    point.total = latest_.total;
    point.spent = latest_.spent;
    point.input_tokens = latest_.input_tokens;
    point.output_tokens = latest_.output_tokens;
    take(object, "rows", point.rows);
    take(object, "rejected", point.rejected);
    take(object, "total", point.total);
    take(object, "spent", point.spent);
    take(object, "input_tokens", point.input_tokens);
    take(object, "output_tokens", point.output_tokens);
    take(object, "in_flight", point.in_flight);
    take(object, "waiting", point.waiting);
    point.refused = refused_before_ + run.refused;
    point.failed = failed_before_ + run.failed;
    point.limit = json_text(object, "limit");
    Object batches;
    if (!object["batches"].get(batches)) {
      point.batches.emplace();
      take(batches, "out", point.batches->out);
      take(batches, "requests", point.batches->requests);
      take(batches, "done", point.batches->done);
    }
    simdjson::dom::array endpoints;
    if (!object["endpoints"].get(endpoints))
      for (const simdjson::dom::element one : endpoints)
        if (Object endpoint; !one.get(endpoint)) point.endpoints.push_back(endpoint_of(endpoint));
    latest_ = point;
    keep(std::move(point));
  }

  TimelineEndpoint endpoint_of(const Object& object) {
    TimelineEndpoint endpoint;
    const std::string name = json_text(object, "name");
    auto known = std::ranges::find(timeline_.endpoints, name, &TimelineTotals::name);
    endpoint.index = static_cast<std::size_t>(known - timeline_.endpoints.begin());
    if (known == timeline_.endpoints.end()) {
      timeline_.endpoints.push_back({.name = name});
      known = timeline_.endpoints.end() - 1;
    }
    take(object, "in_flight", endpoint.in_flight);
    take(object, "cap", endpoint.cap);
    take(object, "answered", known->answered);
    endpoint.answered = known->answered;
    endpoint.mean_s = seconds_of(object, "mean_ms");
    endpoint.median_s = seconds_of(object, "median_ms");
    endpoint.tail_s = seconds_of(object, "tail_ms");
    endpoint.quota_used = json_amount(object, "quota_used");
    if (endpoint.mean_s) known->mean_s = endpoint.mean_s;
    if (endpoint.median_s) known->median_s = endpoint.median_s;
    if (endpoint.tail_s) known->tail_s = endpoint.tail_s;
    known->learned_per_minute = json_amount(object, "learned_rpm");
    take(object, "refused", known->refused_in_run);
    take(object, "failed", known->failed_in_run);
    return endpoint;
  }

  // Each of `step_` points; where that is too many, half of them.
  void keep(TimelinePoint point) {
    auto& points = timeline_.points;
    if (seen_++ % step_ != 0) return;
    points.push_back(std::move(point));
    if (points.size() < kMostTimelinePoints) return;
    for (std::size_t i = 0; 2 * i < points.size(); ++i)
      if (i > 0) points[i] = std::move(points[2 * i]);
    points.resize((points.size() + 1) / 2);
    step_ *= 2;
  }

  simdjson::dom::parser parser_;
  Timeline timeline_;
  TimelinePoint latest_;
  double refused_before_ = 0;
  double failed_before_ = 0;
  std::size_t seen_ = 0;
  std::size_t step_ = 1;
};

}  // namespace

Timeline parse_timeline(std::string_view text) {
  TimelineReader reader;
  std::uint64_t unreadable = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (reader.line(line)) continue;
    // A run that was killed may have left half a line, on which the next run's first one follows.
    const auto again = line.rfind(kLineStart);
    const bool rest = again != line.npos && again > 0 && reader.line(line.substr(again));
    if (!rest && end != text.npos) ++unreadable;
  }
  return reader.finish(unreadable);
}

core::Result<Timeline> read_timeline(const std::string& directory) {
  const std::string path = directory + "/timeline.jsonl";
  const auto text = storage::read_whole(path, kMostTimelineBytes);
  if (text) return parse_timeline(*text);
  switch (text.error().what) {
    case storage::FileProblem::What::missing:
      return Timeline();
    case storage::FileProblem::What::not_a_file:
      return core::fail(core::ErrorCode::io, "it is not a file", path);
    case storage::FileProblem::What::too_large:
      return core::fail(core::ErrorCode::io,
                        fmt::format("it has {} bytes, which is more than the {} that are read",
                                    text.error().bytes, kMostTimelineBytes),
                        path);
    case storage::FileProblem::What::unreadable:
      break;
  }
  return core::fail(core::ErrorCode::io, text.error().reason, path);
}

}  // namespace sluice::inspect
