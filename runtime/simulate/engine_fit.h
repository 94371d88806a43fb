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
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "simulate/engine.h"

namespace sluice::simulate {

// Measured with so many requests there all the time.
struct EnginePoint {
  double input_tokens = 0;
  double output_tokens = 0;
  double concurrency = 0;
  double ttft_ms = 0;
  double tpot_ms = 0;  // between two tokens of an answer, after its first
};
// Of all requests together, by the two times.
double tokens_per_second(const EnginePoint& point);

struct EngineFit {
  Engine engine;
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
// ErrorCode::usage where the points cannot be fitted: fewer than kLeastEnginePoints, all of one concurrency, or
// numbers that no measurement has.
core::Result<EngineFit> fit_engine(std::span<const EnginePoint> points);

// Whether `shape` at `concurrency` lies so far from all points that the fit can only guess.
bool extrapolates(const EngineFit& fit, const EngineShape& shape, double concurrency);

}  // namespace sluice::simulate
