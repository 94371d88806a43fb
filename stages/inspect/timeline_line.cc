#include "inspect/timeline_line.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "core/json.h"
#include "storage/private_files.h"

namespace sluice::inspect {
namespace {

void write_endpoint(core::JsonWriter& w, const TimelineLineEndpoint& endpoint) {
  w.open('{');
  w.field("name", endpoint.name);
  w.field("in_flight", endpoint.in_flight);
  w.field("cap", endpoint.cap);
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

}  // namespace

std::string to_json(const TimelineLine& point) {
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
  for (const TimelineLineEndpoint& endpoint : point.endpoints) write_endpoint(w, endpoint);
  w.close(']');
  w.close('}');
  return out;
}

bool timeline_due(core::Duration since_start, core::Duration since_last) {
  constexpr core::Duration kLeast = std::chrono::milliseconds(200);
  constexpr core::Duration kMost = std::chrono::minutes(1);
  return since_last >= std::clamp(since_start / 100, kLeast, kMost);
}

TimelineWriter::TimelineWriter(const std::string& directory)
    : path_(directory + "/timeline.jsonl") {
  storage::make_private_file(directory, path_);
  const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd >= 0) file_.reset(::fdopen(fd, "a"));
  if (!file_) problem_ = std::string(std::strerror(errno));
}

void TimelineWriter::add(const TimelineLine& point) {
  if (!file_) return;
  // The line before may have been cut off by a kill: an empty line is passed over.
  const std::string line = (point.run == "started" ? "\n" : "") + to_json(point) + "\n";
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
