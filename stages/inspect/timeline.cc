#include "inspect/timeline.h"

#include <fcntl.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "core/json.h"

namespace sluice::inspect {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

void write_endpoint(core::JsonWriter& w, const TimelineEndpoint& endpoint) {
  w.open('{');
  w.field("name", endpoint.name);
  w.field("in_flight", endpoint.in_flight);
  w.field("cap", endpoint.cap);
  if (endpoint.settled) w.field("settled", true);
  if (endpoint.mean_ms) w.field("mean_ms", *endpoint.mean_ms);
  if (endpoint.median_ms) w.field("median_ms", *endpoint.median_ms);
  if (endpoint.tail_ms) w.field("tail_ms", *endpoint.tail_ms);
  w.field("answered", endpoint.answered);
  w.field("refused", endpoint.refused);
  w.field("failed", endpoint.failed);
  if (endpoint.quota_used) w.field("quota_used", *endpoint.quota_used);
  if (endpoint.learned_per_minute) w.field("learned_rpm", *endpoint.learned_per_minute);
  w.close('}');
}

template <class Value>
std::optional<Value> maybe(const object& from, std::string_view name) {
  element found;
  Value value{};
  if (from[name].get(found) != simdjson::SUCCESS || found.get(value) != simdjson::SUCCESS)
    return std::nullopt;
  return value;
}
double number(const object& from, std::string_view name) {
  return maybe<double>(from, name).value_or(0);
}
std::uint64_t whole(const object& from, std::string_view name) {
  return static_cast<std::uint64_t>(std::max(0.0, number(from, name)));
}
std::string text(const object& from, std::string_view name) {
  return std::string(maybe<std::string_view>(from, name).value_or(""));
}

TimelineEndpoint read_endpoint(const object& from) {
  return {.name = text(from, "name"),
          .in_flight = static_cast<int>(number(from, "in_flight")),
          .cap = static_cast<int>(number(from, "cap")),
          .settled = maybe<bool>(from, "settled").value_or(false),
          .mean_ms = maybe<double>(from, "mean_ms"),
          .median_ms = maybe<double>(from, "median_ms"),
          .tail_ms = maybe<double>(from, "tail_ms"),
          .answered = whole(from, "answered"),
          .refused = whole(from, "refused"),
          .failed = whole(from, "failed"),
          .quota_used = maybe<double>(from, "quota_used"),
          .learned_per_minute = maybe<double>(from, "learned_rpm")};
}

TimelinePoint read_point(const object& from) {
  TimelinePoint point{.at = number(from, "at"),
                      .run = text(from, "run"),
                      .why = text(from, "why"),
                      .version = text(from, "version"),
                      .rows = whole(from, "rows"),
                      .rejected = whole(from, "rejected"),
                      .total = {},
                      .spent = number(from, "spent"),
                      .input_tokens = whole(from, "input_tokens"),
                      .output_tokens = whole(from, "output_tokens"),
                      .in_flight = whole(from, "in_flight"),
                      .waiting = whole(from, "waiting"),
                      .refused = whole(from, "refused"),
                      .failed = whole(from, "failed"),
                      .limit = text(from, "limit"),
                      .batches = {},
                      .endpoints = {}};
  if (maybe<double>(from, "total")) point.total = whole(from, "total");
  object batches;
  if (from["batches"].get(batches) == simdjson::SUCCESS)
    point.batches = {whole(batches, "out"), whole(batches, "requests"), whole(batches, "done")};
  simdjson::dom::array endpoints;
  if (from["endpoints"].get(endpoints) == simdjson::SUCCESS) {
    for (const element one : endpoints) {
      object endpoint;
      if (one.get(endpoint) == simdjson::SUCCESS) point.endpoints.push_back(read_endpoint(endpoint));
    }
  }
  return point;
}

}  // namespace

std::string timeline_path(const std::string& directory) {
  return directory + "/timeline.jsonl";
}

std::string timeline_line(const TimelinePoint& point) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("at", point.at);
  if (!point.run.empty()) w.field("run", point.run);
  if (!point.why.empty()) w.field("why", point.why);
  if (!point.version.empty()) w.field("version", point.version);
  w.field("rows", point.rows);
  w.field("rejected", point.rejected);
  if (point.total) w.field("total", *point.total);
  w.field("spent", point.spent);
  w.field("input_tokens", point.input_tokens);
  w.field("output_tokens", point.output_tokens);
  w.field("in_flight", point.in_flight);
  w.field("waiting", point.waiting);
  w.field("refused", point.refused);
  w.field("failed", point.failed);
  if (!point.limit.empty()) w.field("limit", point.limit);
  if (point.batches) {
    w.key("batches");
    w.open('{');
    w.field("out", point.batches->out);
    w.field("requests", point.batches->requests);
    w.field("done", point.batches->done);
    w.close('}');
  }
  w.key("endpoints");
  w.open('[');
  for (const TimelineEndpoint& endpoint : point.endpoints) write_endpoint(w, endpoint);
  w.close(']');
  w.close('}');
  return out;
}

std::vector<TimelinePoint> read_timeline(const std::string& directory) {
  std::vector<TimelinePoint> points;
  std::ifstream file(timeline_path(directory), std::ios::binary);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(file, line);) {
    object members;
    if (core::not_starved(parser.parse(line)).get(members) == simdjson::SUCCESS)
      points.push_back(read_point(members));
  }
  return points;
}

bool timeline_due(core::Duration since_start, core::Duration since_last) {
  constexpr core::Duration kLeast = std::chrono::milliseconds(200);
  constexpr core::Duration kMost = std::chrono::minutes(1);
  return since_last >= std::clamp(since_start / 100, kLeast, kMost);
}

TimelineWriter::TimelineWriter(const std::string& directory) : path_(timeline_path(directory)) {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd >= 0) file_.reset(::fdopen(fd, "a"));
  if (!file_) problem_ = std::string(std::strerror(errno));
}

void TimelineWriter::add(const TimelinePoint& point) {
  if (!file_) return;
  // The line before may have been cut off by a kill: an empty line is passed over.
  const std::string line = (point.run == "started" ? "\n" : "") + timeline_line(point) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
      std::fflush(file_.get()) == 0)
    return;
  problem_ = std::string(std::strerror(errno));
  file_.reset();
}

std::optional<std::string> TimelineWriter::problem() {
  return problem_ ? std::optional(path_ + ": " + *std::exchange(problem_, {})) : std::nullopt;
}

}  // namespace sluice::inspect
