// What a run is like now and then, as it writes it into timeline.jsonl beside the checkpoint, for `report` and `plan`
// (timeline.h reads it). A job runs as well without it.
//
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"

namespace sluice::inspect {

struct TimelineLineEndpoint {
  std::string name;
  int in_flight = 0;
  int cap = 0;  // allowed now
  std::optional<double> mean_ms;
  std::optional<double> median_ms;
  std::optional<double> tail_ms;  // 95 %
  std::uint64_t answered = 0;     // of the job
  std::uint64_t refused = 0;      // in this run
  std::uint64_t failed = 0;       // in this run
  std::optional<double> quota_used;
  std::optional<double> learned_per_minute;
};
struct TimelineLineBatches {
  std::uint64_t out = 0;
  std::uint64_t requests = 0;
  std::uint64_t done = 0;
};

struct TimelineLine {
  double at = 0;           // seconds since 1970
  std::string run;         // "started", "finished", "stopped", "failed"; else empty
  std::string why;         // of one that stopped
  std::string version;     // of a run that started
  std::uint64_t rows = 0;  // ended: of the job, as all that follow
  std::uint64_t rejected = 0;
  std::optional<std::uint64_t> total;
  double spent = 0;  // dollars
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t in_flight = 0;  // now, as all that follow
  std::uint64_t waiting = 0;
  std::uint64_t refused = 0;  // in this run
  std::uint64_t failed = 0;   // in this run
  std::string limit;          // what binds; empty where nothing does
  std::optional<TimelineLineBatches> batches;
  std::vector<TimelineLineEndpoint> endpoints;
};

std::string to_json(const TimelineLine& line);

// Whether it is time for another point: a fifth of a second after the one before at first, later a hundredth of
// the time so far, at most a minute.
bool timeline_due(core::Duration since_start, core::Duration since_last);

class TimelineWriter {
 public:
  // Appends to the file of this folder, which is there.
  explicit TimelineWriter(const std::string& directory);
  void add(const TimelineLine& point);
  // What went wrong, once: the file is not written any more.
  std::optional<std::string> problem();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  std::optional<std::string> problem_;
};

}  // namespace sluice::inspect
