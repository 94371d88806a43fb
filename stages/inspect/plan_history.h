// What a job's own earlier runs say about the rest of it.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/error.h"
#include "plan/work.h"
#include "stages/spec.h"

namespace sluice::inspect {

struct EndpointHistory {
  std::uint64_t answered = 0;
  double input_tokens = 0;  // of an answered request
  double cached_tokens = 0;
  double output_tokens = 0;
  double dollars = 0;  // of an answered request, what failed with it included
  std::optional<double> mean_seconds;
  std::optional<double> sigma;  // of the logarithm of these
  // More in flight brought no more answers: so many a second is all.
  std::optional<double> saturated_per_second;
  std::optional<double> least_seconds;  // mean latency while few were in flight
  std::optional<double> learned_per_minute;
  std::optional<plan::Figure> batch_seconds;
};

struct JobHistory {
  std::uint64_t rows_ended = 0;
  std::uint64_t answered = 0;  // requests
  double failed_share = 0;     // of the attempts, without those that were refused
  double spent = 0;            // dollars, with what may have been billed
  std::map<std::string, EndpointHistory> endpoints;
};

// nullopt where no run has been, or the question has changed since.
core::Result<std::optional<JobHistory>> history_of(const stages::PipelineSpec& spec);

}  // namespace sluice::inspect
