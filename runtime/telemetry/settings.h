// What the OTEL_* variables say of where telemetry goes, how much of it and how often. Nothing is exported unless one of
// them names an endpoint. Names and defaults:
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/, read in November 2026; docs/opentelemetry.md has the table.
//
// Pure: the environment is handed in. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/secret.h"
#include "http/proxy_environment.h"
#include "telemetry/variables.h"

namespace sluice::telemetry {

enum class Signal : std::uint8_t { traces, metrics };
constexpr std::size_t kSignals = 2;
std::string_view signal_name(Signal signal);  // "traces", "metrics"

// Where one signal goes.
struct Target {
  std::string base_url;     // "https://host[:port]"; empty: the signal is not exported
  std::string path;         // "/v1/traces"
  core::Secret headers;     // complete lines, each ended by CRLF
  std::string ca_file;      // PEM; empty = the system's certificates
  std::string ca_variable;  // that named it
  core::Duration timeout = std::chrono::seconds(10);  // of one request
  bool gzip = false;

  bool on() const { return !base_url.empty(); }
};

struct Settings {
  Target traces;
  Target metrics;
  double sampled = 1;  // the share of the requests that are traced
  Pairs resource;      // attributes, service.name among them
  core::Duration metric_interval = std::chrono::seconds(60);
  core::Duration span_delay = std::chrono::seconds(5);  // a span waits no longer for others
  std::size_t span_queue = 2048;
  std::size_t span_batch = 512;    // spans of one request; <= span_queue
  std::vector<std::string> notes;  // for a person: what is ignored, and why

  bool on() const { return traces.on() || metrics.on(); }
};

// ErrorCode::usage where what is asked for cannot be had in any way (the protocol grpc). Anything
// else that is wrong is ignored, with a note.
core::Result<Settings> read_settings(const http::Environment& environment);

}  // namespace sluice::telemetry
