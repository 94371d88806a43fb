// What measured points say beyond the numbers of an engine (engine.h): near a point, a prediction moves toward it; far from
// all of them it stays as it is. A kernel average of the relative errors (Nadaraya and Watson), by the logarithms of
// concurrency, prompt and answer; points that are far off say nothing (Tukey's biweight).
//
// Threads: immutable once made; any.
#pragma once

#include <span>
#include <vector>

#include "simulate/engine.h"
#include "simulate/engine_point.h"

namespace sluice::simulate {

class EngineResiduals {
 public:
  EngineResiduals() = default;
  EngineResiduals(const Engine& engine, std::span<const EnginePoint> points);

  // `load`: as the engine predicts it.
  EngineLoad applied(EngineLoad load, const EngineShape& shape, double concurrency) const;

 private:
  struct Residual {
    double place[3];    // logarithms
    double tpot, ttft;  // logarithms of measured by predicted
  };
  std::vector<Residual> residuals_;
};

}  // namespace sluice::simulate
