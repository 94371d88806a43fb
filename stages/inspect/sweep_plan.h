// The points that a sweep of a server of one's own measures (engine_sweep.h), and how many requests that is.
//
// Threads: pure functions; any.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "simulate/engine_point.h"

namespace sluice::inspect {

struct SweepSpec {
  int input_tokens = 512;  // of most points; a few have four times as many,
  int output_tokens = 64;  // and half of these
  int most_concurrency = 64;
  // More concurrencies of the first shape: measured among the others, kept apart from them (SweepResult::checks).
  std::vector<int> checks{};
  // For a point; then its requests under way are waited for, as long again at most.
  core::Duration longest = std::chrono::seconds(30);
};

struct SweepPoint {
  int input_tokens = 0;
  int output_tokens = 0;
  int concurrency = 0;
  int wanted = 0;    // answers that count
  int requests = 0;  // at most
  bool check = false;
};
struct SweepPlan {
  std::vector<SweepPoint> points;
  int requests = 0;          // of all points, and the first one
  core::Duration longest{};  // of all points
};
// At concurrencies of 1, 2, 4 … for one shape, with the checks between them, and three of these for the other. A check
// that is a point anyway is left out.
SweepPlan plan_sweep(const SweepSpec& spec);

// Shortens the prompts that leave no room for their answer among `most_tokens`, which one request may have.
void fit_into(std::span<SweepPoint> points, int most_tokens);

// What was asked alike differs by a token or two, which makes no other shape of it. `asked`: of each of `points`.
void level_shapes(std::span<const SweepPoint> asked, std::span<simulate::EnginePoint> points);

}  // namespace sluice::inspect
