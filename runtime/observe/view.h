// What there is to see of a run at one moment, and how it is written: as a calm block for a
// terminal, as one line, or as JSON. Pure functions of the View.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/money.h"

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

struct EndpointView {
  std::string name;
  int in_flight = 0;
  int cap = 0;
  std::optional<double> quota_used;  // 0…1
  std::uint64_t rate_limited = 0;
  std::optional<double> learned_per_minute;  // requests, where refusals have taught a limit
  std::uint64_t failed = 0;                  // timeouts, resets, 5xx
  std::string state;                         // "", "cooling", "open", "stopped: …"
  std::optional<ProblemView> problem;
};

struct View {
  std::string job;
  std::string phase;  // "running", "stopping (Ctrl-C): …"
  std::chrono::nanoseconds elapsed{0};
  std::uint64_t rows_done = 0;  // answered or rejected, earlier runs included
  std::uint64_t rows_rejected = 0;
  std::optional<std::uint64_t> rows_total;  // when known
  bool total_is_estimate = false;
  double rows_per_second = 0;
  std::uint64_t input_tokens = 0;  // of this run
  std::uint64_t output_tokens = 0;
  double tokens_per_second = 0;
  core::Money spent;  // by the job
  std::optional<core::Money> budget;
  std::optional<std::chrono::nanoseconds> left;
  std::vector<EndpointView> endpoints;
};

// "no answer yet (57 failed in 12 s): HTTP 502: …", "stopped: …"
std::string problem_text(const ProblemView& problem);

// One line an element, each at most `width` columns wide, without colour.
std::vector<std::string> as_block(const View& view, std::size_t width);
std::string as_line(const View& view);
std::string as_json(const View& view);
// {"event":"notice","message":…}
std::string notice_json(const std::string& message);

}  // namespace sluice::observe
