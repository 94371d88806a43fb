// What the runs of a question left behind of how they went: `timeline.jsonl` in its checkpoint's
// folder, one JSON object a line, appended by each run. A run's lines:
//   {"at":…,"run":"started","version":"…","rows":0}
//   {"at":…,"rows":1200,"rejected":3,"total":20000,"spent":0.0123,"input_tokens":…,
//    "output_tokens":…,"in_flight":64,"waiting":20,"refused":5,"failed":0,"limit":"…",
//    "batches":{"out":3,"requests":3000,"done":1200},
//    "endpoints":[{"name":"…","in_flight":64,"cap":256,"mean_ms":850,"median_ms":812,
//                  "tail_ms":2100,"answered":900,"refused":5,"failed":0,"quota_used":0.97,
//                  "learned_rpm":300}]}
//   {"at":…,"run":"finished"|"stopped"|"failed","why":"…","rows":…,"spent":…}, and the rest of a point
// `at`: seconds since 1970. Rows, spent (dollars), tokens and what an endpoint has answered are the
// job's so far, earlier runs included; refused and failed are the run's. A run that was killed has
// no last line, and its last point may be cut off.
//
// Threads: any; plain functions.
//
// Invariants of what is read:
//   1. `worked` of points and runs counts the time in which the job ran: between two runs it stands
//      still. It never steps back, whatever the clock did.
//   2. refused and failed are counted over all runs, here.
//   3. At most kMostTimelinePoints points, spread evenly: those between are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace sluice::inspect {

constexpr std::size_t kMostTimelinePoints = 8192;
constexpr std::uint64_t kMostTimelineBytes = 256 << 20;

struct TimelineEndpoint {
  std::size_t index = 0;  // into Timeline::endpoints
  double in_flight = 0;
  double cap = 0;
  double answered = 0;  // requests
  std::optional<double> mean_s;
  std::optional<double> median_s;
  std::optional<double> tail_s;
  std::optional<double> quota_used;  // 0…1
};

// Of an endpoint: its latest latencies, and what all runs together had.
struct TimelineTotals {
  std::string name;
  std::optional<double> mean_s = {};
  std::optional<double> median_s = {};
  std::optional<double> tail_s = {};
  std::optional<double> learned_per_minute = {};  // requests: what refusals have taught
  double answered = 0;
  double refused = 0;
  double failed = 0;
  double refused_in_run = 0;  // while it is read
  double failed_in_run = 0;

  void end_run() {
    refused += std::exchange(refused_in_run, 0);
    failed += std::exchange(failed_in_run, 0);
  }
};

struct TimelineBatches {
  double out = 0;
  double requests = 0;
  double done = 0;
};

struct TimelinePoint {
  double at = 0;
  double worked = 0;  // seconds
  std::size_t run = 0;
  double rows = 0;
  double rejected = 0;
  double total = 0;
  double spent = 0;  // dollars
  double input_tokens = 0;
  double output_tokens = 0;
  double in_flight = 0;
  double waiting = 0;
  double refused = 0;
  double failed = 0;
  std::string limit;  // what bound it; empty: nothing
  std::optional<TimelineBatches> batches;
  std::vector<TimelineEndpoint> endpoints;
};

struct TimelineRun {
  double began = 0;
  double last = 0;         // of its latest line
  double worked_from = 0;  // seconds
  double worked_to = 0;
  std::string version;
  std::string end;  // "finished", "stopped", "failed"; empty: it was killed, or runs
  std::string why;
  double rows_before = 0;  // as the run before left the job
  double rows = 0;
  double spent_before = 0;
  double spent = 0;
  double answered_before = 0;  // requests
  double input_tokens_before = 0;
  double output_tokens_before = 0;
  double refused = 0;
  double failed = 0;
};

struct Timeline {
  std::vector<TimelineRun> runs;
  std::vector<TimelinePoint> points;
  std::vector<TimelineTotals> endpoints;
  std::uint64_t unreadable = 0;  // lines, but for a last one that is cut off

  double worked() const { return runs.empty() ? 0 : runs.back().worked_to; }
};

Timeline parse_timeline(std::string_view text);

// Of the checkpoint in `directory`; without runs where there is none. ErrorCode::io when it cannot
// be read or has more than kMostTimelineBytes.
core::Result<Timeline> read_timeline(const std::string& directory);

}  // namespace sluice::inspect
