// The numbers of an engine (engine.h) from what was measured at it: some ten points are enough where they differ in concurrency
// and in the shape of the requests.
//
// How: least squares of relative errors with coefficients that are not negative, each point's weight lowered where it is far off
// (Huber); what the points cannot tell apart follows the proportions of measured servers (a weak prior). The wall
// is looked for over all sizes that the points allow, and kept where it explains far more than no wall does.
//
// Threads: pure functions; any. The order of the points does not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "simulate/engine.h"
#include "simulate/engine_point.h"
#include "simulate/engine_residuals.h"

namespace sluice::simulate {

struct EngineFit {
  Engine engine;
  EngineResiduals residuals;
  std::size_t points = 0;  // with different shape or concurrency
  std::size_t shapes = 0;
  bool wall_seen = false;  // points lie behind it
  // Of tokens a second, each point predicted by a fit without it and its like (of ten parts): the median, and what nine
  // in ten do not pass. Zero with too few points to say.
  double typical_error = 0;
  double error_of_nine_in_ten = 0;
  std::vector<std::string> notes;  // what the points leave open, for a person
  // Where it was measured; beyond, predictions are extrapolated.
  EnginePoint least, most;
};

constexpr std::size_t kLeastEnginePoints = 3;
enum class Judged : std::uint8_t {
  yes,
  no,  // the errors are not estimated: a tenth of the time
};
// ErrorCode::usage where the points cannot be fitted: fewer than kLeastEnginePoints, all of one concurrency, or
// numbers that no measurement has. `slots`: as many requests as the server says it runs at once, with
// room for each.
core::Result<EngineFit> fit_engine(std::span<const EnginePoint> points, Judged judged = Judged::yes,
                                   std::optional<double> slots = {});

// By the numbers, moved toward the points that are near.
EngineLoad predict(const EngineFit& fit, const EngineShape& shape, double concurrency);

// Whether `shape` at `concurrency` lies so far from all points that the fit can only guess.
bool extrapolates(const EngineFit& fit, const EngineShape& shape, double concurrency);

}  // namespace sluice::simulate
