// What becomes of a request to the mock. Plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "http/server.h"
#include "simulate/engine.h"

namespace sluice::mock {

// One moment, on both clocks.
struct Moment {
  core::Time now;
  core::WallTime wall;
};

struct Decision {
  enum class Kind : std::uint8_t { respond, respond_half, reset, hang };
  Kind kind = Kind::respond;
  core::Duration delay{};  // before the response, whole or half
  http::ServerResponse response;
  bool counted = false;  // stands in Stats::in_flight until finished()
  // With Options::engine: the response is due when the engine has done this, not after `delay`.
  std::optional<simulate::EngineShape> work{};
};

}  // namespace sluice::mock
