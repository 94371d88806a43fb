// GET /metrics and what OpenTelemetry is given: a Status as metrics. docs/monitoring.md lists them; what comes from the
// ledger counts the whole job, over all its runs; what counts this process's run says so.
//
// Threads: any; plain functions.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "listen/status.h"
#include "observe/metric.h"

namespace sluice::listen {

// Of this process.
struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  double started = 0;  // seconds since 1970
  std::uint64_t open_files = 0;
  std::vector<std::pair<std::string, std::uint64_t>> dropped = {};  // telemetry, by signal
};
ProcessFigures process_figures();

observe::MetricFamilies metrics_of(const Status& status, const ProcessFigures& process);

}  // namespace sluice::listen
