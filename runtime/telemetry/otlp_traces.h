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

#include "core/clock.h"
#include "telemetry/span_record.h"
#include "telemetry/variables.h"

namespace sluice::telemetry {

// The same instant by two clocks: spans have times of the first, and are sent with those of the second.
struct ClockAnchor {
  core::Time time;
  core::WallTime wall;

  core::WallTime wall_of(core::Time other) const { return wall + (other - time); }
};

std::string traces_body(std::span<const SpanRecord> spans, const ClockAnchor& anchor,
                        const Pairs& resource, std::string_view version);

}  // namespace sluice::telemetry
