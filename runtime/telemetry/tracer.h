// Makes spans of events: one of each attempt, and a root of each request. Whether a request is traced is decided before
// anything else, by the id of its trace; what is not costs one hash.
//
// Threads: begin() any, while no run gives events; on() the I/O thread. It holds a mutex while it copies some hundred
// bytes, and makes no text.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "observe/observer.h"
#include "telemetry/endpoint_info.h"
#include "telemetry/span_queue.h"
#include "telemetry/trace_ids.h"

namespace sluice::telemetry {

class Tracer final : public observe::Observer {
 public:
  // `full_batch` is called, on the I/O thread, when the queue comes to hold `batch` spans. The queue
  // must outlive the tracer.
  Tracer(double share, SpanQueue& queue, std::size_t batch, std::function<void()> full_batch);

  // A run begins, whose requests have their numbers from the start again. Spans that are taken out of
  // the queue point at its endpoints.
  void begin(const RunId& run, std::span<const EndpointInfo> endpoints);

  void on(const observe::AttemptEnded& event) override;
  void on(const observe::RequestEnded& event) override;

 private:
  void add(const SpanRecord& record);

  const double share_;
  SpanQueue& queue_;
  const std::size_t batch_;
  const std::function<void()> full_batch_;
  RunId run_;
  std::span<const EndpointInfo> endpoints_;
};

}  // namespace sluice::telemetry
