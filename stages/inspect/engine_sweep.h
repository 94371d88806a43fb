// Measures a server of one's own at some ten points (simulate/engine_fit.h): so many requests there all the time, each streamed,
// with prompts of random words that no cache has and answers of a fixed length.
//
// A point ends when as many requests have been answered as are there at once, those not counted that began with it; then it waits
// for what is still under way. What it sends is bounded, and known before (plan_sweep()).
//
// Threads: plan_sweep() any; sweep_engine() runs a loop of its own on the calling thread.
//
// Invariants: no point sends more than its `requests`, or begins one after its `longest`; but for those sent again, since their
// connection was closed before a byte of an answer. No text here holds a key.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "provider/endpoint.h"
#include "simulate/engine_point.h"

namespace sluice::inspect {

struct SweepSpec {
  int input_tokens = 512;  // of most points; a few have four times as many,
  int output_tokens = 64;  // and half of these
  int most_concurrency = 64;
  // For a point; then its requests under way are waited for, as long again at most.
  core::Duration longest = std::chrono::seconds(30);
};

struct SweepPoint {
  int input_tokens = 0;
  int output_tokens = 0;
  int concurrency = 0;
  int requests = 0;  // at most
};
struct SweepPlan {
  std::vector<SweepPoint> points;
  int requests = 0;          // of all points, and the first one
  core::Duration longest{};  // of all points
};
// At concurrencies of 1, 2, 4 … for one shape, and three of these for the other.
SweepPlan plan_sweep(const SweepSpec& spec);

// Whether it is a server of one's own: whose tokens are not paid for.
bool is_own_server(const provider::EndpointSpec& endpoint);

struct SweepResult {
  std::vector<simulate::EnginePoint>
      points;                      // in the order of the plan; tokens as the server counts them
  std::vector<std::string> notes;  // why a point is missing
};
// `measured`: called after each point, for people that wait. ErrorCode::io where the server cannot be reached,
// refuses the requests or does not stream: its own words, and what to do.
using SweepMeasured = std::function<void(const simulate::EnginePoint&)>;
core::Result<SweepResult> sweep_engine(const provider::EndpointSpec& endpoint,
                                       const SweepSpec& spec, const SweepMeasured& measured);

}  // namespace sluice::inspect
