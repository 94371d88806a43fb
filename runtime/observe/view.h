// What there is to see of a run at one moment, and how it is written: as a calm block for a
// terminal, as one line, or as JSON. Pure functions of the View.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "observe/health.h"

namespace sluice::observe {

// Nothing but failures comes from an endpoint, or it is stopped.
struct ProblemView {
  std::string kind;  // equal for equal causes, whatever the figures
  std::uint64_t failures = 0;
  std::chrono::nanoseconds lasting{0};
  bool answered = false;  // it had answered before, in this run
  bool stopped = false;   // for this run
  std::string message;    // of the latest failure; why it was stopped
};

// Rows that this run has rejected for one reason.
struct RejectView {
  std::string stage;
  std::string reason;
  std::uint64_t rows = 0;
  std::string example;  // the first one's detail
};

struct EndpointView {
  std::string name;
  int in_flight = 0;
  int cap = 0;
  std::optional<double> quota_used;  // 0…1
  std::uint64_t rate_limited = 0;
  std::optional<double> learned_per_minute;  // requests, where refusals have taught a limit
  std::uint64_t failed = 0;                  // timeouts, resets, 5xx
  // Half of its latest answers took no longer, 95 % no longer.
  std::optional<std::chrono::nanoseconds> median;
  std::optional<std::chrono::nanoseconds> tail;
  Health health = Health::fine;
  std::string failure;  // the latest since its last answer; may be empty
  std::optional<ProblemView> problem;
};

// Of a job's batches, those that are out.
struct BatchesView {
  std::uint64_t out = 0;
  std::uint64_t requests = 0;  // in them
  std::uint64_t done = 0;      // of these, as far as the providers count
  std::uint64_t filling = 0;   // requests of batches that are not handed over yet
  std::chrono::nanoseconds oldest{0};
  std::string note;  // what is wrong with one of them; may be empty
};

struct View {
  std::string job;
  std::string phase;  // "running", "stopping: …"
  bool stopping = false;
  std::chrono::nanoseconds elapsed{0};
  std::uint64_t rows_done = 0;  // answered or rejected, earlier runs included
  std::uint64_t rows_rejected = 0;
  std::vector<RejectView> rejects;          // the most frequent first
  std::optional<std::uint64_t> rows_total;  // when known
  bool total_is_estimate = false;
  double rows_per_second = 0;
  std::uint64_t input_tokens = 0;  // of this run
  std::uint64_t output_tokens = 0;
  double tokens_per_second = 0;
  core::Money spent;  // by the job
  std::optional<core::Money> budget;
  std::optional<core::Money>
      projected;  // when all rows have ended, at the cost of this run's so far
  std::optional<std::chrono::nanoseconds> left;
  std::optional<std::chrono::nanoseconds> until_deadline;
  core::WallTime time;                              // for as_json
  std::optional<std::chrono::local_seconds> clock;  // what the clock on the wall says
  std::vector<EndpointView> endpoints;
  std::optional<BatchesView> batches;
};

// "no answer yet (57 failed in 12 s): HTTP 502: …", "stopped: …"
std::string problem_text(const ProblemView& problem);
// "3 out, 12,000 of 30,000 requests done, the oldest for 12 min"
std::string batches_text(const BatchesView& batches);

// "", "cooling", "breaker open", "stopped"
std::string_view health_name(Health health);
// "16:20", or "Tue 16:20" on another day than `now`'s.
std::string clock_text(std::chrono::local_seconds at, std::chrono::local_seconds now);
// Where there is no terminal; observe/block.h has the block of one.
std::string as_line(const View& view);
std::string as_json(const View& view);

}  // namespace sluice::observe
