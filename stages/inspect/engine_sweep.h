// Measures a server of one's own at some ten points (simulate/engine_fit.h): so many requests there all the time, each streamed,
// with prompts of random words that no cache has and answers of a fixed length.
//
// A point ends when twice as many requests have been answered as are there at once, those not counted that began with it; then it
// waits for what is still under way, which counts no more: fewer and fewer are beside it. What it sends is bounded, and known
// before (sweep_plan.h). A llama.cpp server is asked for its slots as well (llama_props.h).
//
// Threads: is_own_server() any; sweep_engine() runs a loop of its own on the calling thread.
//
// Invariants: no point sends more than its `requests`, or begins one after its `longest`; but for those sent again, since their
// connection was closed before a byte of an answer. No text here holds a key.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "inspect/sweep_plan.h"
#include "provider/endpoint.h"
#include "simulate/engine_point.h"

namespace sluice::inspect {

// Whether it is a server of one's own: whose tokens are not paid for.
bool is_own_server(const provider::EndpointSpec& endpoint);

struct SweepResult {
  // In the order of the plan; tokens as the server counts them.
  std::vector<simulate::EnginePoint> points{};
  std::vector<simulate::EnginePoint> checks{};  // not among `points`
  std::optional<int> slots{};                   // as many requests run at once, says the server
  std::vector<std::string> notes{};  // why a point is missing, what the server did not say
};
// `measured`: called after each point and each check, for people that wait. ErrorCode::io where the server cannot be reached,
// refuses the requests or does not stream: its own words, and what to do.
using SweepMeasured = std::function<void(const simulate::EnginePoint&, bool check)>;
core::Result<SweepResult> sweep_engine(const provider::EndpointSpec& endpoint,
                                       const SweepSpec& spec, const SweepMeasured& measured);

}  // namespace sluice::inspect
