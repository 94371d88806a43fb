// One measurement of a server: so many requests of one shape there all the time, and how fast they were.
//
// Threads: plain values; any.
#pragma once

namespace sluice::simulate {

struct EnginePoint {
  double input_tokens = 0;
  double output_tokens = 0;
  double concurrency = 0;
  double ttft_ms = 0;
  double tpot_ms = 0;  // between two tokens of an answer, after its first
};

// Of all requests together, by the two times.
inline double tokens_per_second(const EnginePoint& point) {
  const double request_ms = point.ttft_ms + point.tpot_ms * (point.output_tokens - 1);
  return 1000 * point.concurrency * point.output_tokens / request_ms;
}

}  // namespace sluice::simulate
