#include "telemetry/tracer.h"

#include <utility>

namespace sluice::telemetry {

Tracer::Tracer(double share, SpanQueue& queue, std::size_t batch, std::function<void()> full_batch)
    : share_(share), queue_(queue), batch_(batch), full_batch_(std::move(full_batch)) {}

void Tracer::begin(const RunId& run, std::span<const EndpointInfo> endpoints) {
  run_ = run;
  endpoints_ = endpoints;
}

void Tracer::on(const observe::AttemptEnded& event) {
  const TraceId trace = trace_of(run_, event.request);
  if (!is_sampled(trace, share_) || event.endpoint >= endpoints_.size()) return;
  const provider::Outcome& outcome = event.outcome;
  add({.kind = SpanRecord::Kind::attempt,
       .cause = outcome.cause,
       .billing = outcome.billing,
       .tier = outcome.tier,
       .attempts = event.number,
       .rows = event.rows,
       .status = outcome.status,
       .trace = trace,
       .attempt = event.attempt,
       .endpoint = &endpoints_[event.endpoint],
       .began = event.sent,
       .ended = event.ended,
       .usage = outcome.usage,
       .cost = event.cost});
}

void Tracer::on(const observe::RequestEnded& event) {
  const TraceId trace = trace_of(run_, event.request);
  if (!is_sampled(trace, share_)) return;
  add({.kind = SpanRecord::Kind::request,
       .how = event.how,
       .attempts = event.attempts,
       .rows = event.rows,
       .trace = trace,
       .began = event.submitted,
       .ended = event.ended});
}

void Tracer::add(const SpanRecord& record) {
  if (queue_.push(record) == batch_) full_batch_();
}

}  // namespace sluice::telemetry
