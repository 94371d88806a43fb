// The lines of `--log json` that are not progress: one JSON object each, "event" and "time" first.
// docs/reference.md, `--log json`, has every event and field.
//
// Threads: any; plain functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "observe/view.h"

namespace sluice::observe {

// RFC 3339, UTC, milliseconds: "2026-11-29T13:20:01.123Z".
std::string timestamp(core::WallTime time);
// Opens an object with "event" and "time"; the caller closes it.
void open_event(core::JsonWriter& w, std::string_view event, core::WallTime time);

std::string notice_json(std::string_view message, core::WallTime time);

// {"event":"error","time","exit","message","file","line","column","text"}
std::string error_json(const core::Error& error, core::WallTime time);

// {"message","file","line","column","text"}
void write_error(core::JsonWriter& w, const core::Error& error);

struct EndpointChange {
  std::string endpoint;
  std::string change;  // breaker_open, recovered, stopped, learned_rate
  std::string message;
  std::optional<double> learned_rpm;
};
std::string endpoint_json(const EndpointChange& change, core::WallTime time);

// What has changed since the look before: one for each run. A learned rate is told again when it
// has moved by a fifth.
class EndpointWatch {
 public:
  std::vector<EndpointChange> changes(const std::vector<EndpointView>& endpoints);

 private:
  struct Known {
    Health health = Health::fine;
    std::optional<double> learned_rpm;
  };
  std::vector<Known> known_;  // by place in the pipeline file
};

}  // namespace sluice::observe
