// Makes spans of events: one of each attempt, and a root of each request. Whether a request is traced is decided before
// anything else, by the id of its trace; what is not costs one hash.
//
// Threads: on() the I/O thread. It holds a mutex while it copies a hundred bytes, and makes no text.
#pragma once

#include <cstddef>
#include <functional>

#include "observe/observer.h"
#include "telemetry/span_queue.h"
#include "telemetry/trace_ids.h"

namespace sluice::telemetry {

class Tracer final : public observe::Observer {
 public:
  // `full_batch` is called, on the I/O thread, when the queue comes to hold `batch` spans. The queue
  // must outlive the tracer.
  Tracer(const RunId& run, double share, SpanQueue& queue, std::size_t batch,
         std::function<void()> full_batch);

  void on(const observe::AttemptEnded& event) override;
  void on(const observe::RequestEnded& event) override;

 private:
  void add(const SpanRecord& record);

  const RunId run_;
  const double share_;
  SpanQueue& queue_;
  const std::size_t batch_;
  const std::function<void()> full_batch_;
};

}  // namespace sluice::telemetry
