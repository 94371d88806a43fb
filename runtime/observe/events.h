// The lines of `--log json` that are not progress: one JSON object each, "event", "time" and "level" first.
// docs/reference.md, `--log json`, has every event and field, and docs/log.schema.json their types.
//
// Threads: any; plain functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "observe/observer.h"
#include "observe/view.h"

namespace sluice::observe {

// RFC 3339, UTC, milliseconds: "2026-11-29T13:20:01.123Z".
std::string timestamp(core::WallTime time);

enum class Level : std::uint8_t {
  info,
  warning,  // somebody should look at it
  error,    // it ends the run, or an endpoint for the rest of it
};
std::string_view level_name(Level level);

// Opens an object with "event", "time" and "level"; the caller closes it.
void open_event(core::JsonWriter& w, std::string_view event, core::WallTime time,
                Level level = Level::info);

std::string notice_json(std::string_view message, core::WallTime time,
                        Level level = Level::warning);

// {"event":"error","time","level","exit","message","file","line","column","text"}
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

// {"event":"batch",…}: a batch of the endpoint of this name has come to another phase.
std::string batch_json(const BatchChanged& batch, std::string_view endpoint, core::WallTime time);

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
