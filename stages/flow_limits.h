// What a pipeline's options bound a run to. Pure functions.
#pragma once

#include <optional>

#include "flow/credits.h"
#include "stages/spec.h"

namespace sluice::stages {

// Requests that an endpoint may have in flight.
std::size_t slots_of(const provider::EndpointSpec& spec);

// Rows and bytes between the reader and the sink: those that can be in flight, and so many more
// that packs are made and results committed while others are answered.
flow::Cost credit_limit(const PipelineSpec& spec);

// So many results are worth a transaction of the checkpoint's: half of the rows that need not be in
// flight, so that those in flight are never fewer for want of credits.
std::size_t group_entries(const PipelineSpec& spec);

// Output tokens that the answers of a pack should stay below: as the pipeline says, or what the
// endpoint with the least output may write.
std::optional<int> output_bound(const PipelineSpec& spec);

}  // namespace sluice::stages
