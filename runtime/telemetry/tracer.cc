#include "telemetry/tracer.h"

#include <utility>

namespace sluice::telemetry {

Tracer::Tracer(const RunId& run, double share, SpanQueue& queue, std::size_t batch,
               std::function<void()> full_batch)
    : run_(run), share_(share), queue_(queue), batch_(batch), full_batch_(std::move(full_batch)) {}

void Tracer::on(const observe::AttemptEnded& event) {
  if (!is_sampled(trace_of(run_, event.request), share_)) return;
  const provider::Outcome& outcome = event.outcome;
  add({.kind = SpanRecord::Kind::attempt,
       .cause = outcome.cause,
       .billing = outcome.billing,
       .tier = outcome.tier,
       .endpoint = event.endpoint,
       .attempts = event.number,
       .rows = event.rows,
       .status = outcome.status,
       .request = event.request,
       .attempt = event.attempt,
       .began = event.sent,
       .ended = event.ended,
       .usage = outcome.usage,
       .cost = event.cost});
}

void Tracer::on(const observe::RequestEnded& event) {
  if (!is_sampled(trace_of(run_, event.request), share_)) return;
  add({.kind = SpanRecord::Kind::request,
       .how = event.how,
       .attempts = event.attempts,
       .rows = event.rows,
       .request = event.request,
       .began = event.submitted,
       .ended = event.ended});
}

void Tracer::add(const SpanRecord& record) {
  if (queue_.push(record) == batch_) full_batch_();
}

}  // namespace sluice::telemetry
