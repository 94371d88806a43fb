// What a span is made of, copied from an event: small plain values. No prompt, no answer, no text of a server.
// Threads: none of its own; `endpoint` is the exporter's and does not change.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "core/money.h"
#include "observe/observer.h"
#include "provider/outcome.h"
#include "telemetry/endpoint_info.h"
#include "telemetry/trace_ids.h"

namespace sluice::telemetry {

struct SpanRecord {
  enum class Kind : std::uint8_t { request, attempt };
  Kind kind = Kind::request;
  observe::RequestEnded::How how = observe::RequestEnded::How::answered;  // of a request
  provider::Cause cause = provider::Cause::none;                          // of an attempt, as below
  provider::Billing billing = provider::Billing::none;
  provider::Tier tier = provider::Tier::asked;
  std::uint32_t attempts = 0;  // of a request; of an attempt its number among them
  std::uint32_t rows = 0;
  int status = 0;
  TraceId trace = {};
  std::uint64_t attempt = 0;
  const EndpointInfo* endpoint = nullptr;  // of an attempt; the exporter keeps it
  core::Time began{};
  core::Time ended{};
  provider::Usage usage = {};
  core::Money cost = {};
};

}  // namespace sluice::telemetry
