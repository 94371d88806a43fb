// Fits against measured servers (fixtures/engines.txt): each predicts points that it has not seen. The bounds are what
// sluice promises of a plan for a server of one's own.
#include "simulate/engine_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

namespace sluice::simulate {
namespace {

using testing::HasSubstr;
using Points = std::vector<EnginePoint>;

std::map<std::string, Points> measured_servers() {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/simulate/fixtures/engines.txt");
  std::map<std::string, Points> servers;
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (line.starts_with("= ")) {
      name = line.substr(2);
      continue;
    }
    std::ranges::replace(line, '|', ' ');
    std::ranges::replace(line, ':', ' ');
    std::istringstream numbers(line);
    EnginePoint point;
    numbers >> point.input_tokens >> point.output_tokens;
    while (numbers >> point.concurrency >> point.ttft_ms >> point.tpot_ms)
      servers[name].push_back(point);
  }
  return servers;
}

EngineShape shape_of(const EnginePoint& p) {
  return {.input_tokens = p.input_tokens, .output_tokens = p.output_tokens};
}
auto place_of(const EnginePoint& p) {
  return std::tuple(p.input_tokens, p.output_tokens, p.concurrency);
}

struct Errors {
  std::vector<double> speed;  // of tokens a second
  std::vector<double> tpot;

  void add(const EngineFit& fit, const EnginePoint& point) {
    const EngineLoad load = predict(fit, shape_of(point), point.concurrency);
    speed.push_back(std::abs(load.output_tokens_per_second / tokens_per_second(point) - 1));
    tpot.push_back(std::abs(load.tpot_ms / point.tpot_ms - 1));
  }
};
double share_within(const std::vector<double>& errors, double bound) {
  const auto within = std::ranges::count_if(errors, [&](double error) { return error < bound; });
  return static_cast<double>(within) / static_cast<double>(errors.size());
}
double mean(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum / static_cast<double>(numbers.size());
}

// Two thirds of a server's places are fitted; the points of the rest predicted. Each third in turn.
TEST(EngineFit, PredictsNineInTenOfUnseenPointsWithinTenPercent) {
  Errors errors;
  for (const auto& [name, points] : measured_servers()) {
    std::map<std::tuple<double, double, double>, std::size_t> places;
    for (const EnginePoint& p : points) places.emplace(place_of(p), 0);
    std::size_t number = 0;
    for (auto& [place, third] : places) third = number++ % 3;
    for (std::size_t third = 0; third < 3; ++third) {
      Points seen;
      std::ranges::copy_if(points, std::back_inserter(seen),
                           [&](const EnginePoint& p) { return places.at(place_of(p)) != third; });
      const auto fit = fit_engine(seen, Judged::no);
      ASSERT_TRUE(fit) << name << ": " << fit.error().message;
      for (const EnginePoint& p : points)
        if (places.at(place_of(p)) == third) errors.add(*fit, p);
    }
  }
  std::printf("%zu points: %.1f %% within 10 %%, %.1f %% off on average\n", errors.speed.size(),
              100 * share_within(errors.speed, 0.1), 100 * mean(errors.speed));
  EXPECT_GE(errors.speed.size(), 1500u);
  EXPECT_GE(share_within(errors.speed, 0.1), 0.9);
  EXPECT_LE(mean(errors.speed), 0.055);
  EXPECT_LE(mean(errors.tpot), 0.05);
}

// Of servers whose other shapes can tell the terms apart: with two, prompts and answers grow together.
TEST(EngineFit, PredictsAShapeThatItHasNotSeenWithinSixPercentOnAverage) {
  Errors errors;
  for (const auto& [name, points] : measured_servers()) {
    std::map<std::pair<double, double>, Points> shapes;
    for (const EnginePoint& p : points) shapes[{p.input_tokens, p.output_tokens}].push_back(p);
    if (shapes.size() < 4) continue;
    for (const auto& [shape, left_out] : shapes) {
      Points seen;
      for (const auto& [other, those] : shapes)
        if (other != shape) seen.insert(seen.end(), those.begin(), those.end());
      const auto fit = fit_engine(seen, Judged::no);
      if (!fit) continue;
      for (const EnginePoint& p : left_out) errors.add(*fit, p);
    }
  }
  std::printf("%zu points: TPOT %.1f %% off on average\n", errors.tpot.size(),
              100 * mean(errors.tpot));
  EXPECT_GE(errors.tpot.size(), 400u);
  EXPECT_LE(mean(errors.tpot), 0.06);
  EXPECT_GE(share_within(errors.speed, 0.1), 0.8);
}

// Behind the wall the queue is as long as what is too much, so a measured point behind it says where it is.
TEST(EngineFit, FindsTheWallWithinAFactorOfOneAndAHalf) {
  int walls = 0;
  int found = 0;
  for (const auto& [name, points] : measured_servers()) {
    const auto fit = fit_engine(points, Judged::no);
    ASSERT_TRUE(fit);
    std::map<std::pair<double, double>, Points> shapes;
    for (const EnginePoint& p : points) shapes[{p.input_tokens, p.output_tokens}].push_back(p);
    for (auto& [shape, those] : shapes) {
      std::ranges::sort(those, {}, &EnginePoint::concurrency);
      const auto queue = [](const EnginePoint& p) {
        return p.ttft_ms / (p.tpot_ms * (p.output_tokens - 1));
      };
      // Where it shrinks again, prompts that came all at once have waited for each other.
      const bool grows =
          those.size() > 1 && queue(those.back()) >= 0.9 * queue(those[those.size() - 2]);
      if (!grows || queue(those.back()) < 0.3 || queue(those.front()) > 0.1) continue;
      ++walls;
      const double true_wall = those.back().concurrency / (1 + queue(those.back()));
      const auto wall = engine_wall(fit->engine, shape_of(those.back()));
      const bool near = wall && *wall < 1.5 * true_wall && *wall > true_wall / 1.5;
      found += near;
      if (!near) std::printf("%s: %g, found %g\n", name.c_str(), true_wall, wall.value_or(0));
    }
  }
  EXPECT_GE(walls, 12);
  EXPECT_GE(found, walls - 1);
}

// --- Points of a server that is known

constexpr EngineShape kShort{.input_tokens = 1000, .output_tokens = 100};
constexpr EngineShape kLong{.input_tokens = 1000, .output_tokens = 1000};
const Engine kServer{
    .a = 8, .b = 0.05, .d = 8e-6, .e = 0.03, .t = 20, .p = 0.05, .q = 0.002, .kv_tokens = 60'000};

EnginePoint measured(const Engine& engine, const EngineShape& shape, double concurrency) {
  const EngineLoad load = predict(engine, shape, concurrency);
  return {shape.input_tokens, shape.output_tokens, concurrency, load.ttft_ms, load.tpot_ms};
}
Points measured(const Engine& engine, std::initializer_list<EngineShape> shapes,
                std::initializer_list<double> concurrencies) {
  Points points;
  for (const EngineShape& shape : shapes)
    for (const double c : concurrencies) points.push_back(measured(engine, shape, c));
  return points;
}

TEST(EngineFit, FindsTheNumbersAndTheWallOfAServerFromTenPoints) {
  const auto fit = fit_engine(measured(kServer, {kShort, kLong}, {1, 4, 16, 32, 64}));
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->wall_seen);
  EXPECT_NEAR(engine_wall(fit->engine, kLong).value_or(0), 30, 3);
  for (const double c : {2.0, 8.0, 24.0, 100.0})
    for (const EngineShape& shape : {kShort, kLong})
      EXPECT_NEAR(predict(*fit, shape, c).output_tokens_per_second /
                      predict(kServer, shape, c).output_tokens_per_second,
                  1, 0.1)
          << c;
  EXPECT_LT(fit->typical_error, 0.1);
}

TEST(EngineFit, TheOrderOfThePointsDoesNotMatter) {
  Points points = measured(kServer, {kShort, kLong}, {1, 4, 16, 32, 64});
  const auto one = fit_engine(points);
  std::ranges::reverse(points);
  std::swap(points[1], points[6]);
  const auto other = fit_engine(points);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->engine, other->engine);
  EXPECT_EQ(one->error_of_nine_in_ten, other->error_of_nine_in_ten);
}

TEST(EngineFit, OnePointThatIsFarOffChangesLittle) {
  Points points = measured(kServer, {kShort, kLong}, {1, 2, 4, 8, 16, 24});
  points[3].tpot_ms *= 5;
  const auto fit = fit_engine(points);
  ASSERT_TRUE(fit);
  for (const double c : {2.0, 8.0, 16.0})
    EXPECT_NEAR(predict(*fit, kShort, c).tpot_ms / predict(kServer, kShort, c).tpot_ms, 1, 0.1)
        << c;
}

TEST(EngineFit, TwoShapesTellSlotsFromMemory) {
  Engine server = kServer;
  server.kv_tokens.reset();
  server.most_running = 4;
  const auto fit = fit_engine(measured(server, {kShort, kLong}, {1, 2, 4, 8, 16}));
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->engine.most_running.value_or(0), 4, 0.5);
  EXPECT_FALSE(fit->engine.kv_tokens);
}

// A server that says how many: no point needs to lie behind them.
TEST(EngineFit, TakesTheSlotsThatTheServerReports) {
  Engine server = kServer;
  server.kv_tokens.reset();
  server.most_running = 12;
  const auto fit =
      fit_engine(measured(server, {kShort, kLong}, {1, 2, 4, 8}), Judged::yes, server.most_running);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->engine.most_running, 12);
  EXPECT_FALSE(fit->engine.kv_tokens);
  EXPECT_FALSE(fit->wall_seen);
  EXPECT_THAT(fit->notes, testing::IsEmpty());
  EXPECT_NEAR(predict(*fit, kShort, 16).output_tokens_per_second /
                  predict(server, kShort, 16).output_tokens_per_second,
              1, 0.1);
}

TEST(EngineFit, SaysWhatThePointsLeaveOpen) {
  Engine open = kServer;
  open.kv_tokens.reset();
  const auto fit = fit_engine(measured(open, {kShort}, {1, 4, 16}));
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->wall_seen);
  EXPECT_FALSE(engine_wall(fit->engine, kShort));
  EXPECT_THAT(fit->notes, testing::ElementsAre(HasSubstr("how other shapes do is guessed"),
                                               HasSubstr("no wall was met up to 16"),
                                               HasSubstr("3 points are too few")));
  EXPECT_NEAR(predict(*fit, kShort, 8).tpot_ms / predict(open, kShort, 8).tpot_ms, 1, 0.1);
  EXPECT_TRUE(extrapolates(*fit, kLong, 8));
  EXPECT_TRUE(extrapolates(*fit, kShort, 64));
  EXPECT_FALSE(extrapolates(*fit, kShort, 24));
}

TEST(EngineFit, RefusesWhatCannotBeFitted) {
  const auto refused = [](const Points& points) {
    const auto fit = fit_engine(points);
    return fit ? "fitted" : fit.error().message;
  };
  EXPECT_THAT(refused(measured(kServer, {kShort}, {1, 4})), HasSubstr("2 points are too few"));
  EXPECT_THAT(refused(measured(kServer, {kShort, kLong, {2000, 50}}, {8})),
              HasSubstr("all points have concurrency 8"));
  EXPECT_THAT(refused({{100, 100, 1, 50, 0}, {100, 100, 2, 50, 10}, {100, 100, 3, 50, 11}}),
              HasSubstr("cannot have been measured"));
}

}  // namespace
}  // namespace sluice::simulate
