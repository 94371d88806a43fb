// Exports telemetry by OTLP over HTTP, as JSON: spans when there is a batch of them or they have waited for a while, metrics
// at an interval, and what is left at the end. It has a thread with a loop and an HTTP client of its own.
//
// What it never does: make a job wait (but for finish(), and that within a bound), grow (spans wait in a queue of fixed size,
// a signal has one batch under way), or end a run. What cannot be delivered is dropped and counted.
//
// Made once for a job; begin() is called for each job::Run of it, since requests have their numbers and endpoints their
// indices in that.
//
// Threads: make(), begin(), finish() and the destructor the one that owns it; the observer's calls as observer.h says;
// dropped() any.
// The callbacks `metrics` and `note` come on its thread, from make() until finish() has returned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "http/proxy_environment.h"
#include "observe/metric.h"
#include "observe/observer.h"
#include "telemetry/endpoint_info.h"
#include "telemetry/resource.h"
#include "telemetry/retry.h"
#include "telemetry/settings.h"

namespace sluice::telemetry {

struct ExporterSetup {
  Settings settings;  // their notes are the caller's to show
  Source source = {};
  std::function<observe::MetricFamilies()> metrics = {};
  // For a person: when nothing can be delivered, and the like.
  std::function<void(const std::string&)> note = {};
  http::Environment environment = http::process_environment;  // says which proxy
  Patience patience = {};
};

class Exporter {
 public:
  // Null where the settings export nothing. ErrorCode::usage or io, with the variable, for a proxy or a
  // file of certificates that cannot be used.
  static core::Result<std::unique_ptr<Exporter>> make(ExporterSetup setup);
  virtual ~Exporter() = default;  // finish()

  // What the next run gives its events to; the run before has ended. Never null, and lives as long as
  // the exporter.
  virtual observe::Observer* begin(std::vector<EndpointInfo> endpoints) = 0;
  // Sends what is left, or drops it after Patience::finish. The last run has ended.
  virtual void finish() = 0;
  // Spans, or points of metrics, that were not delivered.
  virtual std::uint64_t dropped(Signal signal) const = 0;
};

// sluice_telemetry_dropped_total, which the exporter adds to what it exports.
observe::MetricFamily dropped_family(const Exporter& exporter);

}  // namespace sluice::telemetry
