// The body of POST /v1/traces: spans as OTLP's JSON has them, with ids in hex and 64-bit integers as strings. Attributes
// are those of the conventions for generative AI, and ours, which begin with "sluice.".
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, trace.proto
//
// What a span never holds: a prompt, an answer, any text of a row or of a server. A status says the name of a cause.
//
// Threads: plain functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "telemetry/endpoint_info.h"
#include "telemetry/span_record.h"
#include "telemetry/trace_ids.h"
#include "telemetry/variables.h"

namespace sluice::telemetry {

// What the spans of a run have in common.
struct SpanContext {
  RunId run;
  std::vector<EndpointInfo> endpoints;  // by the index that events give
  // The same instant by two clocks.
  core::Time anchor;
  core::WallTime anchor_wall;

  core::WallTime wall(core::Time time) const { return anchor_wall + (time - anchor); }
};

std::string traces_body(std::span<const SpanRecord> spans, const SpanContext& context,
                        const Pairs& resource, std::string_view version);

}  // namespace sluice::telemetry
