// Ids of traces and spans, and which requests are traced. Nothing is kept for a request: its trace's id and its root span's
// follow from the run's id and the request's number, so an attempt that ends names its parent, which is not made yet.
//
// Threads: plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/hash.h"

namespace sluice::telemetry {

using RunId = core::Hash128;  // random, another in each run
using TraceId = core::Hash128;

TraceId trace_of(const RunId& run, std::uint64_t request);
std::uint64_t request_span(const TraceId& trace);
std::uint64_t attempt_span(const TraceId& trace, std::uint64_t attempt);
std::string span_hex(std::uint64_t span);  // 16 lower-case digits

// Of all traces, a share from 0 to 1, by the id alone: others that sample the same trace by its id
// with a larger share keep it too.
bool is_sampled(const TraceId& trace, double share);

}  // namespace sluice::telemetry
