#include "inspect/sweep_plan.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace sluice::inspect {
namespace {

constexpr int kFewestAnswers = 4;
// Answers that count, for each request that is there at once: requests that begin together end together on some servers, and
// one such wave alone says less than two.
constexpr int kWaves = 2;

}  // namespace

SweepPlan plan_sweep(const SweepSpec& spec) {
  SweepPlan plan;
  const int most = std::max(1, spec.most_concurrency);
  const auto add = [&](int input, int output, int concurrency, bool check) {
    const int wanted = std::max(kFewestAnswers, kWaves * concurrency);
    // Those that begin it, those that count, and one more for each as it ends.
    const int requests = concurrency + wanted + concurrency;
    plan.points.push_back({input, output, concurrency, wanted, requests, check});
    plan.requests += requests;
  };
  std::set<int> steps;
  for (int c = 1; c < most; c *= 2) steps.insert(c);
  steps.insert(most);
  std::set<int> all = steps;
  all.insert(spec.checks.begin(), spec.checks.end());
  for (const int c : all) add(spec.input_tokens, spec.output_tokens, c, !steps.contains(c));
  const int middle = std::max(1, static_cast<int>(std::lround(std::sqrt(most))));
  for (const int c : std::set<int>{1, middle, std::max(1, most / 2)})
    add(4 * spec.input_tokens, std::max(2, spec.output_tokens / 2), c, false);
  plan.requests += 1;
  plan.longest = 2 * spec.longest * static_cast<int>(plan.points.size());
  return plan;
}

void fit_into(std::span<SweepPoint> points, int most_tokens) {
  // The template around a prompt has tokens too, and words do not have the same number of them.
  constexpr double kShare = 0.9;
  for (SweepPoint& point : points) {
    const int room = static_cast<int>(kShare * (most_tokens - point.output_tokens));
    point.input_tokens = std::clamp(point.input_tokens, 1, std::max(1, room));
  }
}

void level_shapes(std::span<const SweepPoint> asked, std::span<simulate::EnginePoint> points) {
  for (const SweepPoint& shape : asked) {
    double input = 0;
    double output = 0;
    double count = 0;
    const auto each = [&](auto&& take) {
      for (std::size_t i = 0; i < points.size(); ++i)
        if (asked[i].input_tokens == shape.input_tokens &&
            asked[i].output_tokens == shape.output_tokens)
          take(points[i]);
    };
    each([&](const simulate::EnginePoint& point) {
      input += point.input_tokens;
      output += point.output_tokens;
      ++count;
    });
    each([&](simulate::EnginePoint& point) {
      point.input_tokens = std::round(input / count);
      point.output_tokens = std::round(output / count);
    });
  }
}

}  // namespace sluice::inspect
