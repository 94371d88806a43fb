#include "simulate/engine_residuals.h"

#include <algorithm>
#include <cmath>

namespace sluice::simulate {
namespace {

constexpr double kLength = 0.4;  // of a logarithm: half as much again is near
constexpr double kDoubt = 0.2;   // as much as a fifth of a point that says "no error"
// Errors that say nothing: beyond these, or beyond six times the median one.
constexpr double kFarTpot = 0.3;
constexpr double kFarTtft = 0.9;
constexpr double kFarInMedians = 6;

double median_size(std::vector<double> numbers) {
  for (double& number : numbers) number = std::abs(number);
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::ranges::nth_element(numbers, middle);
  return *middle;
}

double biweight(double error, double far) {
  const double part = error / far;
  if (!(std::abs(part) < 1)) return 0;
  const double left = 1 - part * part;
  return error * left * left;
}

double log_of(double number) {
  return std::log(std::max(number, 1e-3));
}

}  // namespace

EngineResiduals::EngineResiduals(const Engine& engine, std::span<const EnginePoint> points) {
  std::vector<double> tpots;
  std::vector<double> ttfts;
  for (const EnginePoint& p : points) {
    const EngineLoad load = predict(
        engine, {.input_tokens = p.input_tokens, .output_tokens = p.output_tokens}, p.concurrency);
    const double tpot = std::log(p.tpot_ms / std::max(load.tpot_ms, 1e-9));
    const double ttft = std::log(p.ttft_ms / std::max(load.ttft_ms, 1e-9));
    residuals_.push_back(
        {{log_of(p.concurrency), log_of(p.input_tokens), log_of(p.output_tokens)}, tpot, ttft});
    tpots.push_back(tpot);
    ttfts.push_back(ttft);
  }
  if (residuals_.empty()) return;
  const double far_tpot = std::max(kFarTpot, kFarInMedians * median_size(std::move(tpots)));
  const double far_ttft = std::max(kFarTtft, kFarInMedians * median_size(std::move(ttfts)));
  for (Residual& residual : residuals_) {
    residual.tpot = biweight(residual.tpot, far_tpot);
    residual.ttft = biweight(residual.ttft, far_ttft);
  }
}

EngineLoad EngineResiduals::applied(EngineLoad load, const EngineShape& shape,
                                    double concurrency) const {
  const double place[] = {log_of(concurrency), log_of(shape.input_tokens + shape.cached_tokens),
                          log_of(shape.output_tokens)};
  double weights = kDoubt;
  double tpot = 0;
  double ttft = 0;
  for (const Residual& residual : residuals_) {
    double distance = 0;
    for (int i = 0; i < 3; ++i) {
      const double apart = (place[i] - residual.place[i]) / kLength;
      distance += apart * apart;
    }
    const double weight = std::exp(-distance / 2);
    weights += weight;
    tpot += weight * residual.tpot;
    ttft += weight * residual.ttft;
  }
  load.tpot_ms *= std::exp(tpot / weights);
  load.ttft_ms *= std::exp(ttft / weights);
  load.request_ms = load.ttft_ms + load.tpot_ms * (std::max(1.0, shape.output_tokens) - 1);
  if (load.request_ms > 0) {
    load.requests_per_second = 1000 * concurrency / load.request_ms;
    load.output_tokens_per_second = load.requests_per_second * std::max(1.0, shape.output_tokens);
  }
  return load;
}

}  // namespace sluice::simulate
