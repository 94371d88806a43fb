#include "telemetry/trace_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::telemetry {
namespace {

// An id of nothing but zeros is not valid.
std::uint64_t span_id(const TraceId& trace, std::uint64_t attempt, std::uint64_t kind) {
  const std::array<std::uint64_t, 3> words = {trace.high, trace.low, attempt};
  const core::Hash128 hash =
      core::hash128({reinterpret_cast<const char*>(words.data()), sizeof words}, kind);
  return std::max<std::uint64_t>(hash.low, 1);
}

}  // namespace

TraceId trace_of(const RunId& run, std::uint64_t request) {
  const std::array<std::uint64_t, 3> words = {run.high, run.low, request};
  TraceId trace = core::hash128({reinterpret_cast<const char*>(words.data()), sizeof words});
  trace.high = std::max<std::uint64_t>(trace.high, 1);
  return trace;
}

std::uint64_t request_span(const TraceId& trace) {
  return span_id(trace, 0, 1);
}

std::uint64_t attempt_span(const TraceId& trace, std::uint64_t attempt) {
  return span_id(trace, attempt, 2);
}

std::string span_hex(std::uint64_t span) {
  return fmt::format("{:016x}", span);
}

bool is_sampled(const TraceId& trace, double share) {
  if (share >= 1) return true;
  // 63 bits, as the samplers of other languages compare them.
  return static_cast<double>(trace.low >> 1) < share * 0x1p63;
}

}  // namespace sluice::telemetry
