#include "simulate/engine_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "simulate/least_squares.h"

namespace sluice::simulate {
namespace {

// What measured servers have, in units of a: medians of fits of the servers in tests/simulate/fixtures. How much they count:
// as a point that is off by this share of itself does.
constexpr double kExpectedB = 0.01;
constexpr double kExpectedD = 2e-6;
constexpr double kExpectedE = 3e-3;
constexpr double kExpectation = 0.1;
constexpr double kNoExperts = 0.2;  // s is taken for zero, unless points say otherwise

// Errors up to these are usual: beyond, a point counts less.
constexpr double kUsualTpotError = 0.05;
constexpr double kUsualTtftError = 0.2;

// A wall must explain so much more than none does, in the units of misfit().
constexpr double kWallGain = 0.08;
// Memory is the usual wall: a number of slots must explain so much more than it does.
constexpr double kSlotsGain = 0.05;
constexpr int kWallSteps = 60;

EngineShape shape_of(const EnginePoint& point) {
  return {.input_tokens = point.input_tokens, .output_tokens = point.output_tokens};
}
double tokens_of(const EnginePoint& point) {
  return point.input_tokens + point.output_tokens;
}
auto place_of(const EnginePoint& point) {
  return std::tuple(point.input_tokens, point.output_tokens, point.concurrency);
}

double running_at(const Engine& wall, const EnginePoint& point) {
  return std::min(point.concurrency,
                  engine_wall(wall, shape_of(point)).value_or(point.concurrency));
}

// With the wall that `engine` has.
void fit_tpot(std::span<const EnginePoint> points, Engine& engine) {
  RelativeSquares squares(5);
  std::vector<double> tpots;
  for (const EnginePoint& point : points) {
    const double running = running_at(engine, point);
    const double scale = 1 / point.tpot_ms;
    squares.add(
        {scale, scale * running, scale * running * (point.input_tokens + point.output_tokens / 2),
         scale * running * point.input_tokens / point.output_tokens, scale * std::sqrt(running)});
    tpots.push_back(point.tpot_ms);
  }
  std::ranges::nth_element(tpots, tpots.begin() + static_cast<std::ptrdiff_t>(tpots.size() / 2));
  const double weight = kExpectation / tpots[tpots.size() / 2];
  squares.expect({-weight, weight / kExpectedB});
  squares.expect({-weight, 0, weight / kExpectedD});
  squares.expect({-weight, 0, 0, weight / kExpectedE});
  squares.expect({0, 0, 0, 0, weight * kNoExperts / kExpectation});
  const Coefficients found = squares.solve(kUsualTpotError);
  engine.a = found[0];
  engine.b = found[1];
  engine.d = found[2];
  engine.e = found[3];
  engine.s = found[4];
}

// By the points before the wall, after fit_tpot().
void fit_ttft(std::span<const EnginePoint> points, Engine& engine) {
  RelativeSquares squares(4);
  for (const EnginePoint& point : points) {
    const double running = running_at(engine, point);
    if (point.concurrency > running * 1.02) continue;
    const double scale = 1 / point.ttft_ms;
    squares.add({scale, scale * point.input_tokens, scale * running * point.input_tokens,
                 scale * engine_tpot_ms(engine, shape_of(point), running)});
  }
  const Coefficients found = squares.solve(kUsualTtftError);
  engine.t = found[0];
  engine.p = found[1];
  engine.q = found[2];
  engine.r = found[3];
}

Engine fit_with_wall(std::span<const EnginePoint> points, std::optional<double> kv_tokens,
                     std::optional<double> most_running) {
  Engine engine;
  engine.kv_tokens = kv_tokens;
  engine.most_running = most_running;
  fit_tpot(points, engine);
  fit_ttft(points, engine);
  return engine;
}

double huber(double error, double usual) {
  error = std::abs(error);
  return error < usual ? error * error / 2 : usual * (error - usual / 2);
}

double misfit(const Engine& engine, std::span<const EnginePoint> points) {
  double sum = 0;
  for (const EnginePoint& point : points) {
    const EngineLoad load = predict(engine, shape_of(point), point.concurrency);
    if (!(load.tpot_ms > 0 && load.ttft_ms > 0)) return HUGE_VAL;
    sum += huber(std::log(load.tpot_ms / point.tpot_ms), 0.1) +
           huber(std::log(load.output_tokens_per_second / tokens_per_second(point)), 0.1) +
           0.1 * huber(std::log(load.ttft_ms / point.ttft_ms), 0.5);
  }
  return sum;
}

std::size_t count_shapes(std::span<const EnginePoint> points) {
  std::vector<std::pair<double, double>> shapes;
  for (const EnginePoint& point : points)
    shapes.emplace_back(point.input_tokens, point.output_tokens);
  std::ranges::sort(shapes);
  return static_cast<std::size_t>(std::ranges::unique(shapes).begin() - shapes.begin());
}

// Steps of the same ratio from `least` to `most`, then smaller ones around the best.
template <class Fit>
void search_wall(double least, double most, std::span<const EnginePoint> points, const Fit& fit,
                 Engine& best, double& best_misfit) {
  if (!(most > least)) return;
  const double ratio = std::pow(most / least, 1.0 / kWallSteps);
  double center = 0;
  const auto look = [&](double wall) {
    const Engine engine = fit(wall);
    const double found = misfit(engine, points);
    if (found >= best_misfit - 1e-9) return;
    best_misfit = found;
    best = engine;
    center = wall;
  };
  for (int step = 0; step <= kWallSteps; ++step) look(least * std::pow(ratio, step));
  if (center == 0) return;
  const double middle = center;
  for (const double part : {-0.75, -0.5, -0.25, 0.25, 0.5, 0.75})
    look(middle * std::pow(ratio, part));
}

// `known`: the slots that the server reports, each with room of its own; then no wall is looked for.
Engine fit_all(std::span<const EnginePoint> points, std::optional<double> known) {
  const Engine open = fit_with_wall(points, {}, known);
  if (known) return open;
  const double open_misfit = misfit(open, points);
  Engine best = open;
  double best_misfit = open_misfit;
  const auto demand = [](const EnginePoint& point) { return point.concurrency * tokens_of(point); };
  const auto [least, most] = std::ranges::minmax(points, {}, demand);
  search_wall(
      demand(least) / 2, demand(most) * 0.98, points,
      [&](double wall) { return fit_with_wall(points, wall, {}); }, best, best_misfit);
  if (count_shapes(points) > 1) {
    Engine slots = open;
    double slots_misfit = open_misfit;
    const auto [few, many] = std::ranges::minmax(points, {}, &EnginePoint::concurrency);
    search_wall(
        std::max(1.0, few.concurrency / 2), many.concurrency * 0.98, points,
        [&](double wall) { return fit_with_wall(points, {}, wall); }, slots, slots_misfit);
    if (slots_misfit < best_misfit - kSlotsGain) {
      best = slots;
      best_misfit = slots_misfit;
    }
  }
  return open_misfit - best_misfit > kWallGain ? best : open;
}

std::vector<EnginePoint> in_order(std::span<const EnginePoint> points) {
  std::vector<EnginePoint> sorted(points.begin(), points.end());
  std::ranges::sort(sorted, {}, [](const EnginePoint& p) {
    return std::tuple(p.input_tokens, p.output_tokens, p.concurrency, p.tpot_ms, p.ttft_ms);
  });
  return sorted;
}

// `points` in_order(). Fills in the errors of `fit`.
void cross_validate(std::span<const EnginePoint> points, std::optional<double> slots,
                    EngineFit& fit) {
  constexpr std::size_t kParts = 10;
  constexpr std::size_t kLeastPoints = 5;
  if (fit.points < kLeastPoints) return;
  const std::size_t parts = std::min(kParts, fit.points);
  std::vector<double> errors;
  for (std::size_t part = 0; part < parts; ++part) {
    std::vector<EnginePoint> others;
    std::vector<EnginePoint> left_out;
    std::size_t number = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i > 0 && place_of(points[i]) != place_of(points[i - 1])) ++number;
      (number % parts == part ? left_out : others).push_back(points[i]);
    }
    const Engine engine = fit_all(others, slots);
    const EngineResiduals residuals(engine, others);
    for (const EnginePoint& point : left_out) {
      const EngineShape shape = shape_of(point);
      const EngineLoad load =
          residuals.applied(predict(engine, shape, point.concurrency), shape, point.concurrency);
      errors.push_back(std::abs(load.output_tokens_per_second / tokens_per_second(point) - 1));
    }
  }
  std::ranges::sort(errors);
  fit.typical_error = errors[errors.size() / 2];
  fit.error_of_nine_in_ten = errors[errors.size() * 9 / 10];
}

void add_notes(std::span<const EnginePoint> points, bool slots_known, EngineFit& fit) {
  if (fit.shapes == 1)
    fit.notes.push_back(
        fmt::format("all points have {:g} input and {:g} output tokens: how other shapes do is "
                    "guessed by what is "
                    "usual; measure a second one",
                    points[0].input_tokens, points[0].output_tokens));
  if (!fit.wall_seen && !slots_known) {
    fit.notes.push_back(
        fmt::format("no wall was met up to {:g} requests at once: where one is, is not known",
                    fit.most.concurrency));
  } else if (fit.shapes == 1 && !slots_known) {
    fit.notes.emplace_back(
        "whether the wall is memory (kv) or a number of requests (slots) one shape does not tell; "
        "memory is "
        "supposed");
  }
  if (fit.points < 5) {
    fit.notes.push_back(
        fmt::format("{} points are too few to say how sure this is; ten would", fit.points));
  } else if (fit.typical_error > 0.15) {
    fit.notes.push_back(
        fmt::format("the points fit badly ({:.0f} % off in the median): are they all "
                    "of one server, "
                    "with one model and the same settings?",
                    100 * fit.typical_error));
  }
}

core::Status check(std::span<const EnginePoint> points) {
  const auto refuse = [](std::string why) {
    return core::fail(core::ErrorCode::usage, std::move(why));
  };
  for (const EnginePoint& point : points) {
    const auto finite = [](double number) { return number >= 0 && number < 1e12; };
    if (!finite(point.input_tokens) || !finite(point.output_tokens) || point.output_tokens < 1 ||
        !finite(point.concurrency) || point.concurrency <= 0 || !finite(point.ttft_ms) ||
        point.ttft_ms <= 0 || !finite(point.tpot_ms) || point.tpot_ms <= 0)
      return refuse(fmt::format(
          "a point cannot have been measured: {:g} input and {:g} output tokens, concurrency {:g}, "
          "ttft_ms {:g}, tpot_ms {:g}",
          point.input_tokens, point.output_tokens, point.concurrency, point.ttft_ms,
          point.tpot_ms));
  }
  if (points.size() < kLeastEnginePoints)
    return refuse(fmt::format(
        "{} {} too few for a fit: measure at least {}, better ten, at several concurrencies",
        points.size(), points.size() == 1 ? "point is" : "points are", kLeastEnginePoints));
  const auto [least, most] = std::ranges::minmax(points, {}, &EnginePoint::concurrency);
  if (least.concurrency == most.concurrency)
    return refuse(fmt::format(
        "all points have concurrency {:g}: how the server slows down with more cannot be "
        "seen; measure at two or more, say {:g} and {:g}",
        least.concurrency, least.concurrency, 4 * least.concurrency));
  return {};
}

}  // namespace

core::Result<EngineFit> fit_engine(std::span<const EnginePoint> unordered, Judged judged,
                                   std::optional<double> slots) {
  if (auto fine = check(unordered); !fine) return std::unexpected(fine.error());
  const std::vector<EnginePoint> points = in_order(unordered);
  EngineFit fit;
  fit.engine = fit_all(points, slots);
  fit.residuals = EngineResiduals(fit.engine, points);
  fit.shapes = count_shapes(points);
  fit.points = 1;
  fit.least = fit.most = points[0];
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (place_of(points[i]) != place_of(points[i - 1])) ++fit.points;
    for (const auto number :
         {&EnginePoint::input_tokens, &EnginePoint::output_tokens, &EnginePoint::concurrency}) {
      fit.least.*number = std::min(fit.least.*number, points[i].*number);
      fit.most.*number = std::max(fit.most.*number, points[i].*number);
    }
  }
  fit.wall_seen = fit.engine.kv_tokens ||
                  (slots ? fit.most.concurrency > *slots : fit.engine.most_running.has_value());
  if (judged == Judged::yes) cross_validate(points, slots, fit);
  add_notes(points, slots.has_value(), fit);
  return fit;
}

EngineLoad predict(const EngineFit& fit, const EngineShape& shape, double concurrency) {
  return fit.residuals.applied(predict(fit.engine, shape, concurrency), shape, concurrency);
}

bool extrapolates(const EngineFit& fit, const EngineShape& shape, double concurrency) {
  constexpr double kFar = 2;
  const auto outside = [](double number, double least, double most) {
    return number > kFar * most || number * kFar < least;
  };
  return outside(shape.input_tokens + shape.cached_tokens, fit.least.input_tokens,
                 fit.most.input_tokens) ||
         outside(shape.output_tokens, fit.least.output_tokens, fit.most.output_tokens) ||
         outside(concurrency, fit.least.concurrency, fit.most.concurrency);
}

}  // namespace sluice::simulate
